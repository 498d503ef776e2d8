// Where logs, traces and metrics are.
import { nameOf, sizes, size } from '../mall.bicep'

param location string
param mallSize size
param tags object

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-02-01' = {
  name: nameOf('log', resourceGroup().id)
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: sizes[mallSize].logDays
    features: { enableLogAccessUsingOnlyResourcePermissions: true }
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: nameOf('appi', resourceGroup().id)
  location: location
  tags: tags
  kind: 'web'
  properties: { Application_Type: 'web', WorkspaceResourceId: workspace.id }
}

output workspaceId string = workspace.id
@secure()
output insightsConnectionString string = insights.properties.ConnectionString
