// Where events go on Azure: Service Bus topics, by identity. What components/pubsub.yaml is elsewhere.
@description('The Container Apps environment that the mall runs in.')
param environmentName string

@description('The Service Bus namespace.')
param serviceBusName string

@description('The client id of the identity that the sidecars have, an owner of the namespace\'s data: topics and subscriptions are made as they are needed.')
param clientId string

// Given to every module by azd.
#disable-next-line no-unused-params
param location string = resourceGroup().location

resource environment 'Microsoft.App/managedEnvironments@2025-10-02-preview' existing = {
  name: environmentName
}

// Without scopes: every app of this environment is the mall's. Who may publish and subscribe what is still to be taken over from components/pubsub.yaml.
resource pubsub 'Microsoft.App/managedEnvironments/daprComponents@2025-10-02-preview' = {
  parent: environment
  name: 'pubsub'
  properties: {
    componentType: 'pubsub.azure.servicebus.topics'
    version: 'v1'
    metadata: [
      { name: 'namespaceName', value: '${serviceBusName}.servicebus.windows.net' }
      { name: 'azureClientId', value: clientId }
      // Events handled at a time by one instance, and how many it holds ahead of that. Their locks are renewed meanwhile.
      { name: 'maxConcurrentHandlers', value: '32' }
      { name: 'maxActiveMessages', value: '200' }
      // The time for all attempts of the policy below together: it decides when an event is parked, not Service Bus, which would put
      // it where nobody looks. For the same reason the number of deliveries is the highest there is.
      { name: 'handlerTimeoutInSec', value: '1800' }
      { name: 'maxDeliveryCount', value: '2000' }
    ]
  }
}

// What components/resiliency.yaml says of pubsub.
resource resiliency 'Microsoft.App/managedEnvironments/daprComponents/resiliencyPolicies@2025-10-02-preview' = {
  parent: pubsub
  name: 'mall'
  properties: {
    inboundPolicy: {
      timeoutPolicy: {
        responseTimeoutInSeconds: 10
      }
      httpRetryPolicy: {
        maxRetries: 60
        retryBackOff: {
          initialDelayInMilliseconds: 500
          maxIntervalInMilliseconds: 5000
        }
      }
    }
  }
}
