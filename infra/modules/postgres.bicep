// One server, a database for each service. Nobody signs in with a password, and nothing outside of the network reaches it.
import { nameOf, sizes, size } from '../mall.bicep'

param location string
param mallSize size
param subnetId string
param dnsZoneId string
param workspaceId string
param tags object

var server = sizes[mallSize].postgres

resource postgres 'Microsoft.DBforPostgreSQL/flexibleServers@2024-08-01' = {
  name: nameOf('psql', resourceGroup().id)
  location: location
  tags: tags
  sku: { name: server.sku, tier: server.tier }
  properties: {
    version: '17'
    createMode: 'Default'
    storage: { storageSizeGB: server.storageGB, autoGrow: 'Enabled' }
    backup: { backupRetentionDays: server.backupDays, geoRedundantBackup: 'Disabled' }
    highAvailability: { mode: server.highAvailability }
    network: { delegatedSubnetResourceId: subnetId, privateDnsZoneArmResourceId: dnsZoneId, publicNetworkAccess: 'Disabled' }
    authConfig: { activeDirectoryAuth: 'Enabled', passwordAuth: 'Disabled', tenantId: tenant().tenantId }
  }
}

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'logs'
  scope: postgres
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'allLogs', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}
