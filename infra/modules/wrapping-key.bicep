// A key that wraps a service's own keys, of tokens or cookies: those are in its database or the state store, and worth nothing without it.
import { identityOf, nameOf } from '../mall.bicep'

@description('The name of the key.')
param name string

@description('The service that alone may use it.')
param appId string

var cryptoUser = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'e147488a-f6f5-4113-8e2d-b22465e65bf6')

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' existing = {
  name: nameOf('kv', resourceGroup().id)
}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityOf(appId)
}

resource key 'Microsoft.KeyVault/vaults/keys@2024-11-01' = {
  parent: vault
  name: name
  properties: {
    kty: 'RSA'
    keySize: 3072
    keyOps: ['wrapKey', 'unwrapKey']
    // A new version twice a year. What an old one wrapped it also unwraps.
    rotationPolicy: {
      lifetimeActions: [{ action: { type: 'rotate' }, trigger: { timeAfterCreate: 'P180D' } }]
    }
  }
}

resource wrap 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(key.id, identity.id, cryptoUser)
  scope: key
  properties: { principalId: identity.properties.principalId, principalType: 'ServicePrincipal', roleDefinitionId: cryptoUser }
}
