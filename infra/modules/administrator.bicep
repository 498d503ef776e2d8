// Who may make databases and roles in the server.
import { nameOf } from '../mall.bicep'

param principalId string
param principalName string

resource postgres 'Microsoft.DBforPostgreSQL/flexibleServers@2024-08-01' existing = {
  name: nameOf('psql', resourceGroup().id)
}

resource administrator 'Microsoft.DBforPostgreSQL/flexibleServers/administrators@2024-08-01' = {
  parent: postgres
  name: principalId
  properties: { principalName: principalName, principalType: 'ServicePrincipal', tenantId: tenant().tenantId }
}
