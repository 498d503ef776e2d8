using '../app.bicep'

param appId = 'payment'
param image = readEnvironmentVariable('SERVICE_PAYMENT_IMAGE_NAME')
param environmentName = readEnvironmentVariable('AZURE_ENV_NAME')
param mallSize = readEnvironmentVariable('MALL_SIZE', 'small')
param demo = bool(readEnvironmentVariable('MALL_DEMO', 'false'))
param settings = {
  PaymentProvider__Address: readEnvironmentVariable('PAYMENT_PROVIDER_ADDRESS', '')
}
param fromVault = empty(readEnvironmentVariable('PAYMENT_PROVIDER_ADDRESS', '')) ? {} : { PaymentProvider__Key: 'payment-provider-key' }
