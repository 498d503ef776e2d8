using '../app.bicep'

param appId = 'payment-provider'
param image = readEnvironmentVariable('SERVICE_PAYMENT_PROVIDER_IMAGE_NAME')
param environmentName = readEnvironmentVariable('AZURE_ENV_NAME')
param mallSize = readEnvironmentVariable('MALL_SIZE', 'small')
param demo = bool(readEnvironmentVariable('MALL_DEMO', 'false'))
