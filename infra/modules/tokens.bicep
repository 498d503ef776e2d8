// The key that wraps the keys which sign people's tokens: those are in the gateway's database, and worth nothing without it.
import { identityOf, nameOf } from '../mall.bicep'

var cryptoUser = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'e147488a-f6f5-4113-8e2d-b22465e65bf6')

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' existing = {
  name: nameOf('kv', resourceGroup().id)
}

resource gateway 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityOf('gateway')
}

resource tokens 'Microsoft.KeyVault/vaults/keys@2024-11-01' = {
  parent: vault
  name: 'tokens'
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
  name: guid(tokens.id, gateway.id, cryptoUser)
  scope: tokens
  properties: { principalId: gateway.properties.principalId, principalType: 'ServicePrincipal', roleDefinitionId: cryptoUser }
}
