// What a service's sidecar publishes and subscribes to, and where it keeps state: components of its own, since a component is one identity. What
// components/pubsub.yaml and components/statestore.yaml are elsewhere.
import { componentOf, databaseOf, identityOf, inboundPolicy, nameOf, publishes, serviceBusOf, size, subscribes, withEvents, withState } from '../mall.bicep'

param appId string
param mallSize size

var sender = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '69a216fc-b8fb-44d8-bc22-1f3c2cd27a39')
var receiver = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0')

// The most there may be: the policy below decides when an event is parked, not Service Bus, which would put it where nobody looks.
var mostDeliveries = 2000

resource environment 'Microsoft.App/managedEnvironments@2025-10-02-preview' existing = {
  name: nameOf('cae', resourceGroup().id)
}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityOf(appId)
}

resource namespace 'Microsoft.ServiceBus/namespaces@2024-01-01' existing = {
  name: serviceBusOf(mallSize, resourceGroup().id)
}

resource published 'Microsoft.ServiceBus/namespaces/topics@2024-01-01' existing = [for topic in publishes(appId): {
  parent: namespace
  name: topic
}]

resource send 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (topic, i) in publishes(appId): {
  name: guid(published[i].id, identity.id, sender)
  scope: published[i]
  properties: { principalId: identity.properties.principalId, principalType: 'ServicePrincipal', roleDefinitionId: sender }
}]

resource subscribed 'Microsoft.ServiceBus/namespaces/topics@2024-01-01' existing = [for topic in subscribes(appId): {
  parent: namespace
  name: topic
}]

// Here, before the service is: Service Bus keeps nothing for a subscription that a sidecar would make when its app first comes up.
resource subscription 'Microsoft.ServiceBus/namespaces/topics/subscriptions@2024-01-01' = [for (topic, i) in subscribes(appId): {
  parent: subscribed[i]
  name: appId
  properties: { maxDeliveryCount: mostDeliveries, lockDuration: 'PT1M', defaultMessageTimeToLive: 'P14D', deadLetteringOnMessageExpiration: true }
}]

resource receive 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (topic, i) in subscribes(appId): {
  name: guid(subscription[i].id, identity.id, receiver)
  scope: subscription[i]
  properties: { principalId: identity.properties.principalId, principalType: 'ServicePrincipal', roleDefinitionId: receiver }
}]

resource pubsub 'Microsoft.App/managedEnvironments/daprComponents@2025-10-02-preview' = if (contains(withEvents, appId)) {
  parent: environment
  name: componentOf('pubsub', appId)
  properties: {
    componentType: 'pubsub.azure.servicebus.topics'
    version: 'v1'
    metadata: [
      { name: 'namespaceName', value: '${namespace.name}.servicebus.windows.net' }
      { name: 'azureClientId', value: identity.properties.clientId }
      { name: 'consumerID', value: appId }
      // The sidecar makes nothing: its identity may only send and receive.
      { name: 'disableEntityManagement', value: 'true' }
      // Events handled at a time by one instance, and how many it holds ahead of that. Their locks are renewed meanwhile.
      { name: 'maxConcurrentHandlers', value: '32' }
      { name: 'maxActiveMessages', value: '200' }
      // For all attempts of the policy below together.
      { name: 'handlerTimeoutInSec', value: '1800' }
      { name: 'publishingScopes', value: '${appId}=${join(publishes(appId), ',')}' }
      { name: 'subscriptionScopes', value: '${appId}=${join(subscribes(appId), ',')}' }
    ]
    scopes: [appId]
  }

  resource resiliency 'resiliencyPolicies' = {
    name: 'mall'
    properties: {
      inboundPolicy: {
        timeoutPolicy: { responseTimeoutInSeconds: inboundPolicy.timeoutSeconds }
        httpRetryPolicy: {
          maxRetries: inboundPolicy.retries
          // Dapr's own beginning of an exponential back-off.
          retryBackOff: { initialDelayInMilliseconds: 500, maxIntervalInMilliseconds: inboundPolicy.longestPause }
        }
      }
    }
  }
}

// In the PostgreSQL that is there anyway, in a database of the service's own.
resource statestore 'Microsoft.App/managedEnvironments/daprComponents@2025-10-02-preview' = if (contains(withState, appId)) {
  parent: environment
  name: componentOf('statestore', appId)
  properties: {
    componentType: 'state.postgresql'
    version: 'v2'
    metadata: [
      { name: 'connectionString', value: 'host=${postgres.properties.fullyQualifiedDomainName} port=5432 database=${databaseOf(appId)} user=${databaseOf(appId)} sslmode=verify-full' }
      { name: 'useAzureAD', value: 'true' }
      { name: 'azureClientId', value: identity.properties.clientId }
      { name: 'maxConns', value: '4' }
    ]
    scopes: [appId]
  }
}

resource postgres 'Microsoft.DBforPostgreSQL/flexibleServers@2024-08-01' existing = {
  name: nameOf('psql', resourceGroup().id)
}
