// What images, secrets and keys are kept in, and what the platform acts as for the apps.
import { nameOf, platformIdentity } from '../mall.bicep'

param location string
param tags object

@secure()
param paymentProviderKey string

@secure()
param smtpPassword string

@secure()
param pushKey string

var acrPull = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')
var secretsUser = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4633458b-17de-408a-b874-0445c86b69e6')

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: platformIdentity
  location: location
  tags: tags
}

resource registry 'Microsoft.ContainerRegistry/registries@2025-04-01' = {
  name: nameOf('cr', resourceGroup().id)
  location: location
  tags: tags
  sku: { name: 'Basic' }
  properties: { adminUserEnabled: false, anonymousPullEnabled: false }
}

resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(registry.id, identity.id, acrPull)
  scope: registry
  properties: { principalId: identity.properties.principalId, principalType: 'ServicePrincipal', roleDefinitionId: acrPull }
}

// Without purge protection: what azd takes down is to be gone, by `azd down --purge`.
resource vault 'Microsoft.KeyVault/vaults@2024-11-01' = {
  name: nameOf('kv', resourceGroup().id)
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    softDeleteRetentionInDays: 7
  }

  // One that is not given is left as it is.
  resource provider 'secrets' = if (!empty(paymentProviderKey)) {
    name: 'payment-provider-key'
    tags: tags
    properties: { value: paymentProviderKey }
  }

  resource smtp 'secrets' = if (!empty(smtpPassword)) {
    name: 'smtp-password'
    tags: tags
    properties: { value: smtpPassword }
  }

  resource push 'secrets' = if (!empty(pushKey)) {
    name: 'push-key'
    tags: tags
    properties: { value: pushKey }
  }
}

resource read 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, identity.id, secretsUser)
  scope: vault
  properties: { principalId: identity.properties.principalId, principalType: 'ServicePrincipal', roleDefinitionId: secretsUser }
}

output registryEndpoint string = registry.properties.loginServer
