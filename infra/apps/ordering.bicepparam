using '../app.bicep'

param appId = 'ordering'
param image = readEnvironmentVariable('SERVICE_ORDERING_IMAGE_NAME')
param environmentName = readEnvironmentVariable('AZURE_ENV_NAME')
param mallSize = readEnvironmentVariable('MALL_SIZE', 'small')
param demo = bool(readEnvironmentVariable('MALL_DEMO', 'false'))
param settings = {
  // What the payment provider takes, such as card.
  Ordering__PaymentMethods__0: readEnvironmentVariable('PAYMENT_METHOD', '')
}
