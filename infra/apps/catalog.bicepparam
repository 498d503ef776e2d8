using '../app.bicep'

param appId = 'catalog'
param image = readEnvironmentVariable('SERVICE_CATALOG_IMAGE_NAME')
param environmentName = readEnvironmentVariable('AZURE_ENV_NAME')
param mallSize = readEnvironmentVariable('MALL_SIZE', '') == 'large' ? 'large' : 'small'
param demo = readEnvironmentVariable('MALL_DEMO', '') == 'true'
