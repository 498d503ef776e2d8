// Who is told, by email, of what. What the mall itself finds wrong stands in GET /api/ops/alarms.
import { nameOf, serviceBusOf, sizes, size } from '../mall.bicep'

param location string
param mallSize size
param email string
param workspaceId string
param tags object

resource postgres 'Microsoft.DBforPostgreSQL/flexibleServers@2024-08-01' existing = {
  name: nameOf('psql', resourceGroup().id)
}

resource serviceBus 'Microsoft.ServiceBus/namespaces@2024-01-01' existing = {
  name: serviceBusOf(mallSize, resourceGroup().id)
}

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'people'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'mall'
    enabled: true
    emailReceivers: [{ name: 'on call', emailAddress: email, useCommonAlertSchema: true }]
  }
}

var metrics = [
  { name: 'postgres-cpu', of: postgres.id, metric: 'cpu_percent', above: 80, says: 'PostgreSQL computes most of the time: take the next size.' }
  { name: 'postgres-storage', of: postgres.id, metric: 'storage_percent', above: 80, says: 'PostgreSQL\'s disk fills up.' }
  { name: 'postgres-connections', of: postgres.id, metric: 'active_connections', above: sizes[mallSize].postgres.connections * 8 / 10, says: 'PostgreSQL has few connections left.' }
  { name: 'events-waiting', of: serviceBus.id, metric: 'ActiveMessages', above: 20000, says: 'Events wait: a subscriber is down or too slow.' }
  { name: 'events-dead', of: serviceBus.id, metric: 'DeadletteredMessages', above: 0, says: 'Service Bus itself gave up on events, which policies should have parked long before.' }
]

resource onMetrics 'Microsoft.Insights/metricAlerts@2018-03-01' = [for alert in metrics: {
  name: alert.name
  location: 'global'
  tags: tags
  properties: {
    description: alert.says
    severity: 2
    enabled: true
    scopes: [alert.of]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [{ criterionType: 'StaticThresholdCriterion', name: alert.name, metricName: alert.metric, operator: 'GreaterThan', threshold: alert.above, timeAggregation: 'Average' }]
    }
    actions: [{ actionGroupId: people.id }]
  }
}]

var queries = [
  {
    name: 'gateway-failures'
    says: 'More than one of twenty requests at the gateway failed.'
    query: 'AppRequests | where AppRoleName has "gateway" | summarize all = count(), failed = countif(toint(ResultCode) >= 500) | where all > 20 and failed * 20 > all'
  }
  {
    name: 'restarts'
    says: 'An instance was ended or could not start.'
    query: 'ContainerAppSystemLogs | where Reason in ("ContainerCrashing", "ContainerTerminated", "ProbeFailed", "ImagePullFailure") | summarize count() by ContainerAppName | where count_ > 10'
  }
]

resource onLogs 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for alert in queries: {
  name: alert.name
  location: location
  tags: tags
  properties: {
    displayName: alert.name
    description: alert.says
    severity: 1
    enabled: true
    scopes: [workspaceId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    skipQueryValidation: true // there are no such tables before the first app runs
    criteria: {
      allOf: [{ query: alert.query, timeAggregation: 'Count', operator: 'GreaterThan', threshold: 0, failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 } }]
    }
    actions: { actionGroups: [people.id] }
  }
}]
