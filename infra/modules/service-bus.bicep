// Topics of components/pubsub.yaml, all there before anybody publishes. Nobody signs in with a key.
import { platformIdentity, serviceBusOf, sizes, size, topics } from '../mall.bicep'

param location string
param mallSize size
param workspaceId string
param tags object

var tier = sizes[mallSize].serviceBus
var dataOwner = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '090c5cfd-751d-490a-894a-3ce6f1109419')

resource namespace 'Microsoft.ServiceBus/namespaces@2024-01-01' = {
  name: serviceBusOf(mallSize, resourceGroup().id)
  location: location
  tags: tags
  sku: { name: tier.sku, tier: tier.sku, ...(tier.capacity == 0 ? {} : { capacity: tier.capacity }) }
  properties: { disableLocalAuth: true, minimumTlsVersion: '1.2' }

  resource topic 'topics' = [for topic in topics: {
    name: topic
    properties: { defaultMessageTimeToLive: 'P14D', maxSizeInMegabytes: 5120 }
  }]
}

resource platform 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: platformIdentity
}

// Scaling by the length of a subscription asks for what only an owner may see (kedacore/keda issue 7822): so it is the platform that asks, not the apps.
resource lengths 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(namespace.id, platform.id, dataOwner)
  scope: namespace
  properties: { principalId: platform.properties.principalId, principalType: 'ServicePrincipal', roleDefinitionId: dataOwner }
}

resource metrics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'logs'
  scope: namespace
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'allLogs', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}
