// One service as a container app: azd deploys it with the image that it just built (apps/*.bicepparam). What it stands on is main.bicep's.
import { callPolicies, componentOf, databaseOf, identityOf, nameOf, platformIdentity, service, serviceBusOf, services, size, sizes, subscribes, withEvents, withState } from 'mall.bicep'

param location string = resourceGroup().location

@description('The Dapr app id, and the name of the app.')
@minLength(2)
@maxLength(32)
param appId string

@description('The image, with its registry and tag.')
@minLength(1)
param image string

param mallSize size = 'small'

@description('Whether there are demo accounts and offers, and the payment provider\'s stand-in.')
param demo bool = false

@description('Environment variables of this service alone, by name. Those that are empty are left out.')
param settings object = {}

@description('Names of secrets in the vault, by the environment variable that they become.')
param fromVault { *: string } = {}

@description('The azd environment.')
param environmentName string

var self = filter(services, service => service.appId == appId)[0]
var scale = sizes[mallSize]
var isGateway = appId == 'gateway'
// One that must be alone: the stand-in has its mode in memory, and the hourly audit is done once.
var isSingle = contains(['payment-provider', 'operations'], appId)
var publicPort = 8080
// Container Apps' own network, and the subnet: what its ingress says of who asks is believed.
var proxies = '100.100.0.0/16,10.0.0.0/23'
// The gateway's sidecar and probes have a port of their own: load on the public one does not keep them out.
var port = isGateway ? 8081 : publicPort

resource environment 'Microsoft.App/managedEnvironments@2025-10-02-preview' existing = {
  name: nameOf('cae', resourceGroup().id)
}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityOf(appId)
}

resource platform 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: platformIdentity
}

resource registry 'Microsoft.ContainerRegistry/registries@2025-04-01' existing = {
  name: nameOf('cr', resourceGroup().id)
}

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' existing = {
  name: nameOf('kv', resourceGroup().id)
}

resource postgres 'Microsoft.DBforPostgreSQL/flexibleServers@2024-08-01' existing = {
  name: nameOf('psql', resourceGroup().id)
}

var common = [
  { name: 'AZURE_CLIENT_ID', value: identity.properties.clientId }
  { name: 'Mall__Demo', value: demo ? 'true' : 'false' }
  // Its sidecar learns within three probes that it shuts down; what is sent to it until then it answers.
  { name: 'Drain__Seconds', value: '6' }
]

var components = concat(
  contains(withEvents, appId) ? [{ name: 'Dapr__PubSub', value: componentOf('pubsub', appId) }] : [],
  contains(withState, appId) ? [{ name: 'Dapr__StateStore', value: componentOf('statestore', appId) }] : []
)

// No password: the service signs in as its identity (ServiceDefaults, EntraPassword.cs).
var database = !self.hasDatabase ? [] : [
  {
    name: 'ConnectionStrings__${appId}'
    value: 'Host=${postgres.properties.fullyQualifiedDomainName};Database=${databaseOf(appId)};Username=${databaseOf(appId)};SSL Mode=VerifyFull;Maximum Pool Size=${scale.poolSize}'
  }
]

var joining service[] = filter(services, service => !empty(service.joins))

var gateway = !isGateway ? [] : concat(
  [
    { name: 'ASPNETCORE_HTTP_PORTS', value: '' }
    { name: 'ASPNETCORE_URLS', value: 'http://0.0.0.0:${publicPort}' }
    { name: 'Gateway__InternalUrl', value: 'http://0.0.0.0:${port}' }
    { name: 'PublicUrl', value: 'https://${appId}.${environment.properties.defaultDomain}' }
    { name: 'Gateway__Proxies', value: proxies }
    { name: 'Gateway__TokenKey', value: '${vault.properties.vaultUri}keys/tokens' }
  ],
  flatten(map(joining, service => [
    { name: 'Gateway__Routes__${service.joins}__AppId', value: service.appId }
    { name: 'Gateway__Routes__${service.joins}__AnyoneMayRead', value: 'true' }
  ]))
)

var web = appId != 'web' ? [] : [
  { name: 'Web__Proxies', value: proxies }
  { name: 'Web__CookieKey', value: '${vault.properties.vaultUri}keys/cookies' }
]

var operations = appId != 'operations' ? [] : map(range(0, length(joining)), i => { name: 'Operations__Services__${i}', value: joining[i].appId })

var own = map(filter(items(settings), setting => !empty(setting.value)), setting => { name: setting.key, value: setting.value })
var ownSecrets = map(items(fromVault), secret => { name: secret.key, secretRef: secret.value })

var events = map(filter(subscribes(appId), topic => topic != '${appId}-dead-letters'), topic => {
  name: 'events-${topic}'
  custom: {
    type: 'azure-servicebus'
    identity: platform.id
    metadata: { namespace: serviceBusOf(mallSize, resourceGroup().id), topicName: topic, subscriptionName: appId, messageCount: '100' }
  }
})

resource app 'Microsoft.App/containerApps@2025-10-02-preview' = {
  name: appId
  location: location
  tags: { 'azd-env-name': environmentName, 'azd-service-name': appId }
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identity.id}': {}, '${platform.id}': {} } }
  properties: {
    environmentId: environment.id
    workloadProfileName: 'Consumption'
    configuration: {
      // A new revision gets everything when it is ready, and not before; the old one then finishes what it took.
      activeRevisionsMode: 'Single'
      maxInactiveRevisions: 10
      identitySettings: [
        { identity: identity.id, lifecycle: 'All' }
        // For the platform alone: no container gets a token of it.
        { identity: platform.id, lifecycle: 'None' }
      ]
      registries: [{ server: registry.properties.loginServer, identity: platform.id }]
      secrets: [for secret in items(fromVault): { name: secret.value, keyVaultUrl: '${vault.properties.vaultUri}secrets/${secret.value}', identity: platform.id }]
      // The others are reached through sidecars alone.
      ingress: !self.isPublic ? null : { external: true, targetPort: publicPort, transport: 'auto', allowInsecure: false, traffic: [{ latestRevision: true, weight: 100 }] }
      dapr: {
        enabled: true
        appId: appId
        appPort: port
        appProtocol: 'http'
        // Of an instance that is not ready events stay in Service Bus.
        appHealth: { enabled: true, path: '/health', probeIntervalSeconds: 1, probeTimeoutMilliseconds: 1000, threshold: 3 }
      }
    }
    template: {
      terminationGracePeriodSeconds: 30
      containers: [
        {
          name: appId
          image: image
          resources: { cpu: json(scale.cpu), memory: scale.memory }
          env: concat(common, components, database, callPolicies(appId, self.invokes), gateway, web, operations, own, ownSecrets)
          probes: [
            // A minute, the most there may be: its schema is brought up to date first.
            { type: 'Startup', httpGet: { path: '/alive', port: port }, periodSeconds: 6, failureThreshold: 10, timeoutSeconds: 3 }
            { type: 'Readiness', httpGet: { path: '/health', port: port }, periodSeconds: 5, failureThreshold: 3, timeoutSeconds: 3 }
            { type: 'Liveness', httpGet: { path: '/alive', port: port }, periodSeconds: 10, failureThreshold: 6, timeoutSeconds: 3 }
          ]
        }
      ]
      // Never to zero: outboxes, sagas and streams go on without anybody asking.
      scale: {
        minReplicas: isSingle ? 1 : scale.replicas.min
        maxReplicas: isSingle ? 1 : scale.replicas.max
        rules: isSingle ? [] : concat(
          // Calls between sidecars are no HTTP to Container Apps: they show as CPU.
          self.isPublic ? [{ name: 'people', http: { metadata: { concurrentRequests: '50' } } }] : [],
          [{ name: 'cpu', custom: { type: 'cpu', metadata: { type: 'Utilization', value: '70' } } }],
          events
        )
      }
    }
  }
}
