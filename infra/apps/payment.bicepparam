using '../app.bicep'

param appId = 'payment'
param image = readEnvironmentVariable('SERVICE_PAYMENT_IMAGE_NAME')
param environmentName = readEnvironmentVariable('AZURE_ENV_NAME')
param mallSize = readEnvironmentVariable('MALL_SIZE', '') == 'large' ? 'large' : 'small'
param demo = readEnvironmentVariable('MALL_DEMO', '') == 'true'
param settings = {
  // Without a provider the mall takes no payments: what is prepaid cannot be ordered.
  Mall__Payments: empty(readEnvironmentVariable('PAYMENT_PROVIDER_ADDRESS', '')) ? 'false' : 'true'
  PaymentProvider__Address: readEnvironmentVariable('PAYMENT_PROVIDER_ADDRESS', '')
}
param fromVault = empty(readEnvironmentVariable('PAYMENT_PROVIDER_ADDRESS', '')) ? {} : { PaymentProvider__Key: 'payment-provider-key' }
