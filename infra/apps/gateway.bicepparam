using '../app.bicep'

param appId = 'gateway'
param image = readEnvironmentVariable('SERVICE_GATEWAY_IMAGE_NAME')
param environmentName = readEnvironmentVariable('AZURE_ENV_NAME')
param mallSize = readEnvironmentVariable('MALL_SIZE', '') == 'large' ? 'large' : 'small'
param demo = readEnvironmentVariable('MALL_DEMO', '') == 'true'
param settings = {
  // Becomes the first operator when that address is confirmed.
  Operator__Email: readEnvironmentVariable('OPERATOR_EMAIL', '')
}
