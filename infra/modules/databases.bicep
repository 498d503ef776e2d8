// A database and a role for each service that has one. Azure has no resource for a role with rights to one database alone, so a job inside the
// network makes them, and is run when there is something new.
import { databaseOf, identityOf, nameOf, service, services, withState } from '../mall.bicep'

param location string
param demo bool
param environmentId string
param tags object

var deployed service[] = filter(services, service => demo || !service.isDemo)
var owners = map(filter(deployed, service => service.hasDatabase || contains(withState, service.appId)), service => service.appId)
var sql = loadTextContent('databases.sql')
var contributor = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'b24988ac-6180-42a0-ab88-20f7382dd24c')

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-databases'
  location: location
  tags: tags
}

module administrator 'administrator.bicep' = {
  params: { principalId: identity.properties.principalId, principalName: identity.name }
}

resource postgres 'Microsoft.DBforPostgreSQL/flexibleServers@2024-08-01' existing = {
  name: nameOf('psql', resourceGroup().id)
}

resource identities 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = [for appId in owners: {
  name: identityOf(appId)
}]

resource job 'Microsoft.App/jobs@2025-10-02-preview' = {
  name: 'databases'
  location: location
  tags: tags
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identity.id}': {} } }
  properties: {
    environmentId: environmentId
    workloadProfileName: 'Consumption'
    configuration: {
      triggerType: 'Manual'
      replicaTimeout: 600
      replicaRetryLimit: 3
      manualTriggerConfig: { parallelism: 1, replicaCompletionCount: 1 }
    }
    template: {
      containers: [
        {
          name: 'databases'
          image: 'mcr.microsoft.com/azurelinux/base/core:3.0'
          resources: { cpu: json('0.25'), memory: '0.5Gi' }
          command: ['/bin/sh', '-c', loadTextContent('databases.sh'), 'databases']
          args: [postgres.properties.fullyQualifiedDomainName, identity.name, identity.properties.clientId, sql]
          env: [for (appId, i) in owners: { name: 'ROLE_${databaseOf(appId)}', value: identities[i].properties.principalId }]
        }
      ]
    }
  }
}

resource start 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(job.id, identity.id, contributor)
  scope: job
  properties: { principalId: identity.properties.principalId, principalType: 'ServicePrincipal', roleDefinitionId: contributor }
}

resource run 'Microsoft.Resources/deploymentScripts@2023-08-01' = {
  name: 'run-databases'
  location: location
  tags: tags
  kind: 'AzureCLI'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identity.id}': {} } }
  properties: {
    azCliVersion: '2.75.0'
    forceUpdateTag: uniqueString(postgres.id, sql, join(owners, ','))
    timeout: 'PT30M'
    cleanupPreference: 'OnSuccess'
    retentionInterval: 'PT1H'
    environmentVariables: [{ name: 'JOB', value: job.id }]
    scriptContent: loadTextContent('run-databases.sh')
  }
  dependsOn: [administrator, start]
}
