// What the apps run in, in the network, with the OpenTelemetry collector that all apps and sidecars export to.
import { nameOf, sizes, size } from '../mall.bicep'

param location string
param mallSize size
param subnetId string
param workspaceId string
@secure()
param insightsConnectionString string
param tags object

resource environment 'Microsoft.App/managedEnvironments@2025-10-02-preview' = {
  name: nameOf('cae', resourceGroup().id)
  location: location
  tags: tags
  properties: {
    vnetConfiguration: { infrastructureSubnetId: subnetId, internal: false }
    workloadProfiles: [{ name: 'Consumption', workloadProfileType: 'Consumption' }]
    zoneRedundant: sizes[mallSize].zoneRedundant
    peerTrafficConfiguration: { encryption: { enabled: true } }
    appLogsConfiguration: { destination: 'azure-monitor' }
    appInsightsConfiguration: { connectionString: insightsConnectionString }
    openTelemetryConfiguration: {
      // One order is one trace: sidecars send their spans as well.
      tracesConfiguration: { destinations: ['appInsights'], includeDapr: true }
      logsConfiguration: { destinations: ['appInsights'] }
    }
  }
}

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'logs'
  scope: environment
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'allLogs', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

output id string = environment.id
output domain string = environment.properties.defaultDomain
