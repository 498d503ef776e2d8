// What a service runs as. What it may is said where that is: its topics (dapr.bicep), its database (databases.bicep), its key (wrapping-key.bicep).
import { identityOf } from '../mall.bicep'

param location string
param appId string
param tags object

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: identityOf(appId)
  location: location
  tags: tags
}
