// Where state is on Azure: a table in the PostgreSQL that is there anyway, by identity, so that there is neither a password nor
// another server to pay for. What components/statestore.yaml is elsewhere.
@description('The Container Apps environment that the mall runs in.')
param environmentName string

@description('The address of the PostgreSQL server.')
param postgresHost string

@description('The database. Its tables are made by the sidecars.')
param database string

@description('The client id of the identity that the sidecars have.')
param clientId string

@description('The name of that identity: its role in PostgreSQL has the same.')
param identityName string

@description('The app ids of those that keep state, with commas between them.')
param scopes string

// Given to every module by azd.
#disable-next-line no-unused-params
param location string = resourceGroup().location

resource environment 'Microsoft.App/managedEnvironments@2025-10-02-preview' existing = {
  name: environmentName
}

resource statestore 'Microsoft.App/managedEnvironments/daprComponents@2025-10-02-preview' = {
  parent: environment
  name: 'statestore'
  properties: {
    componentType: 'state.postgresql'
    version: 'v2'
    metadata: [
      { name: 'connectionString', value: 'host=${postgresHost} port=5432 database=${database} user=${identityName} sslmode=require' }
      { name: 'useAzureAD', value: 'true' }
      { name: 'azureClientId', value: clientId }
      { name: 'maxConns', value: '4' }
    ]
    scopes: split(scopes, ',')
  }
}
