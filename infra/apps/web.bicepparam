using '../app.bicep'

param appId = 'web'
param image = readEnvironmentVariable('SERVICE_WEB_IMAGE_NAME')
param environmentName = readEnvironmentVariable('AZURE_ENV_NAME')
param mallSize = readEnvironmentVariable('MALL_SIZE', '') == 'large' ? 'large' : 'small'
param demo = readEnvironmentVariable('MALL_DEMO', '') == 'true'
param settings = {
  // Without a provider the mall takes no payments: what is prepaid cannot be ordered.
  Mall__Payments: empty(readEnvironmentVariable('PAYMENT_PROVIDER_ADDRESS', '')) ? 'false' : 'true'
  // What the payment provider takes, card unless said otherwise.
  Ordering__PaymentMethods__0: empty(readEnvironmentVariable('PAYMENT_PROVIDER_ADDRESS', '')) ? '' : empty(readEnvironmentVariable('PAYMENT_METHOD', '')) ? 'card' : readEnvironmentVariable('PAYMENT_METHOD', '')
}
