// What the mall says of itself, for all templates: nothing of it is written a second time here. Names of resources too, so that an app
// finds what was provisioned.

@export()
@description('A service of the mall, as the AppHost publishes it: dotnet run --project AppHost -- --operation publish')
type service = {
  appId: string
  project: string
  hasDatabase: bool
  isDemo: bool
  isPublic: bool
  settings: string[]
  invokes: string[]
  @description('The part of the public API that it brings along; empty where the gateway knows it by itself.')
  joins: string
}

@export()
var services service[] = loadJsonContent('services.json')

@export()
@description('What there is for each size of mall.')
var sizes = loadJsonContent('sizes.json')

@export()
type size = 'small' | 'large'

var pubsub = loadYamlContent('../components/pubsub.yaml')
var statestore = loadYamlContent('../components/statestore.yaml')
var resiliency = loadYamlContent('../components/resiliency.yaml')
var policies = resiliency.spec.policies

// app=topic, topic; app=topic
func topicsIn(scopes string, appId string) string[] =>
  filter(flatten(map(filter(split(scopes, ';'), scope => trim(split(scope, '=')[0]) == appId), scope => map(split(split(scope, '=')[1], ','), topic => trim(topic)))), topic => !empty(topic))

func metadataOf(items array, name string) string => filter(items, item => item.name == name)[0].value

@export()
var topics = map(split(metadataOf(pubsub.spec.metadata, 'protectedTopics'), ','), topic => trim(topic))

@export()
func publishes(appId string) string[] => topicsIn(metadataOf(pubsub.spec.metadata, 'publishingScopes'), appId)

@export()
func subscribes(appId string) string[] => topicsIn(metadataOf(pubsub.spec.metadata, 'subscriptionScopes'), appId)

@export()
@description('Those that publish or subscribe.')
var withEvents string[] = pubsub.scopes

@export()
@description('Those that keep state.')
var withState string[] = statestore.scopes

@export()
@description('Of those that have a database: its name, and that of the role that may use it.')
func databaseOf(appId string) string => replace(appId, '-', '_')

// 100ms, 2s or 1m.
func milliseconds(duration string) int =>
  endsWith(duration, 'ms') ? int(replace(duration, 'ms', '')) : endsWith(duration, 's') ? int(replace(duration, 's', '')) * 1000 : int(replace(duration, 'm', '')) * 60000

// As .NET reads it.
func timeSpan(ms int) string => '00:${padLeft(ms / 60000, 2, '0')}:${padLeft(ms / 1000 % 60, 2, '0')}.${padLeft(ms % 1000, 3, '0')}'

type policy = { timeout: string?, retry: string?, circuitBreaker: string? }

func settingsOf(callee string, target policy) { name: string, value: string }[] => concat(
  target.?timeout == null ? [] : [
    { name: 'Resiliency__${callee}__Timeout', value: timeSpan(milliseconds(policies.timeouts[target.timeout!])) }
  ],
  target.?retry == null ? [] : [
    { name: 'Resiliency__${callee}__Retries', value: string(policies.retries[target.retry!].maxRetries) }
    { name: 'Resiliency__${callee}__RetryAfter', value: timeSpan(milliseconds(policies.retries[target.retry!].duration)) }
    { name: 'Resiliency__${callee}__RetryOn', value: policies.retries[target.retry!].matching.httpStatusCodes }
  ],
  target.?circuitBreaker == null ? [] : [
    { name: 'Resiliency__${callee}__BreakAfter', value: trim(split(policies.circuitBreakers[target.circuitBreaker!].trip, '>=')[1]) }
    { name: 'Resiliency__${callee}__BreakFor', value: timeSpan(milliseconds(policies.circuitBreakers[target.circuitBreaker!].timeout)) }
  ]
)

@export()
@description('How a service fares with those that it invokes. Container Apps has no policies for calls between sidecars: the caller keeps them (ServiceDefaults, CallPolicy.cs).')
func callPolicies(appId string, invokes string[]) { name: string, value: string }[] =>
  contains(resiliency.scopes, appId) ? flatten(map(filter(items(resiliency.spec.targets.apps), target => contains(invokes, target.key)), target => settingsOf(target.key, target.value))) : []

var inbound = resiliency.spec.targets.components.pubsub.inbound

@export()
@description('How events are handled, of the sidecars.')
var inboundPolicy = {
  timeoutSeconds: milliseconds(policies.timeouts[inbound.timeout]) / 1000
  retries: policies.retries[inbound.retry].maxRetries
  longestPause: milliseconds(policies.retries[inbound.retry].maxInterval)
}

@export()
@description('Names of what there is once in a resource group. Unique in all of Azure where Azure wants them to be.')
func nameOf(what 'cr' | 'kv' | 'log' | 'appi' | 'cae' | 'vnet' | 'psql' | 'sb' | 'id', group string) string => what == 'cr' || what == 'kv' ? '${what}${uniqueString(group)}' : '${what}-${uniqueString(group)}'

@export()
@description('The Service Bus namespace. One cannot become another tier\'s: each size has its own.')
func serviceBusOf(mallSize size, group string) string => '${nameOf('sb', group)}-${mallSize}'

@export()
@description('The name of the identity that a service runs as.')
func identityOf(appId string) string => 'id-${appId}'

@export()
@description('What the platform itself acts as for the apps: pulls images, reads secrets for them and lengths of queues. No container gets a token of it.')
var platformIdentity = 'id-platform'

@export()
@description('The names of a service\'s own Dapr components: its sidecar acts as the service, and a component is one identity.')
func componentOf(kind 'pubsub' | 'statestore', appId string) string => '${kind}-${appId}'
