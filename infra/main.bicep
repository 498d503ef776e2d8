// The mall on Azure Container Apps: everything that the services stand on. The services themselves come with `azd deploy` (app.bicep), each in
// a revision of its own: provisioning again leaves what runs alone.
targetScope = 'subscription'

import { services, service } from 'mall.bicep'

@description('The name of the azd environment: resources are known by it.')
@minLength(1)
@maxLength(64)
param environmentName string

@description('The region.')
@minLength(1)
param location string

@description('small: to try it, and for a few orders a second. large: zones, replicas and servers for 100 orders a second. See sizes.json.')
@allowed(['small', 'large'])
param mallSize string = 'small'

@description('Whether there are demo accounts and offers, and the payment provider\'s stand-in, which moves no money.')
param demo bool = false

@description('Whom alerts are sent to; nobody if empty.')
param alertEmail string = ''

@description('What the payment provider knows the mall by.')
@secure()
param paymentProviderKey string = ''

@description('The password for the server that sends emails.')
@secure()
param smtpPassword string = ''

@description('What the service that pushes messages knows the mall by.')
@secure()
param pushKey string = ''

var tags = { 'azd-env-name': environmentName }
var deployed service[] = filter(services, service => demo || !service.isDemo)

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

module network 'modules/network.bicep' = {
  scope: group
  params: { location: location, tags: tags }
}

module monitoring 'modules/monitoring.bicep' = {
  scope: group
  params: { mallSize: mallSize, location: location, tags: tags }
}

module platform 'modules/platform.bicep' = {
  scope: group
  params: { paymentProviderKey: paymentProviderKey, smtpPassword: smtpPassword, pushKey: pushKey, location: location, tags: tags }
}

module environment 'modules/environment.bicep' = {
  scope: group
  params: {
    mallSize: mallSize
    subnetId: network.outputs.appsSubnetId
    workspaceId: monitoring.outputs.workspaceId
    insightsConnectionString: monitoring.outputs.insightsConnectionString
    location: location
    tags: tags
  }
}

module serviceBus 'modules/service-bus.bicep' = {
  scope: group
  params: { mallSize: mallSize, workspaceId: monitoring.outputs.workspaceId, location: location, tags: tags }
  dependsOn: [platform]
}

module identities 'modules/identity.bicep' = [for service in deployed: {
  name: 'identity-${service.appId}'
  scope: group
  params: { appId: service.appId, location: location, tags: tags }
}]

module postgres 'modules/postgres.bicep' = {
  scope: group
  params: { mallSize: mallSize, subnetId: network.outputs.postgresSubnetId, dnsZoneId: network.outputs.postgresDnsZoneId, workspaceId: monitoring.outputs.workspaceId, location: location, tags: tags }
}

// Roles in it are identities that must be there.
module databases 'modules/databases.bicep' = {
  scope: group
  params: { demo: demo, environmentId: environment.outputs.id, location: location, tags: tags }
  dependsOn: [identities, postgres]
}

module dapr 'modules/dapr.bicep' = [for service in deployed: {
  name: 'dapr-${service.appId}'
  scope: group
  params: { appId: service.appId, mallSize: mallSize }
  dependsOn: [environment, identities, postgres, serviceBus]
}]

// What protects tokens and cookies is wrapped by keys in the vault, each of which one service alone may use.
module tokens 'modules/wrapping-key.bicep' = {
  scope: group
  params: { name: 'tokens', appId: 'gateway' }
  dependsOn: [identities, platform]
}

module cookies 'modules/wrapping-key.bicep' = {
  scope: group
  params: { name: 'cookies', appId: 'web' }
  dependsOn: [identities, platform]
}

module alerts 'modules/alerts.bicep' = if (!empty(alertEmail)) {
  scope: group
  params: { mallSize: mallSize, email: alertEmail, workspaceId: monitoring.outputs.workspaceId, location: location, tags: tags }
  dependsOn: [postgres, serviceBus]
}

// For azd, which keeps them in its environment.
output AZURE_RESOURCE_GROUP string = group.name
output AZURE_CONTAINER_REGISTRY_ENDPOINT string = platform.outputs.registryEndpoint
output AZURE_CONTAINER_APPS_ENVIRONMENT_DOMAIN string = environment.outputs.domain
output MALL_URL string = 'https://gateway.${environment.outputs.domain}'
