using '../app.bicep'

param appId = 'notification'
param image = readEnvironmentVariable('SERVICE_NOTIFICATION_IMAGE_NAME')
param environmentName = readEnvironmentVariable('AZURE_ENV_NAME')
param mallSize = readEnvironmentVariable('MALL_SIZE', '') == 'large' ? 'large' : 'small'
param demo = readEnvironmentVariable('MALL_DEMO', '') == 'true'
param settings = {
  Smtp__Host: readEnvironmentVariable('SMTP_HOST', '')
  Smtp__Port: readEnvironmentVariable('SMTP_PORT', '')
  Smtp__From: readEnvironmentVariable('SMTP_FROM', '')
  Smtp__User: readEnvironmentVariable('SMTP_USER', '')
  Smtp__EnableSsl: empty(readEnvironmentVariable('SMTP_HOST', '')) ? '' : 'true'
  Push__Address: readEnvironmentVariable('PUSH_ADDRESS', '')
}
param fromVault = union(
  empty(readEnvironmentVariable('SMTP_USER', '')) ? {} : { Smtp__Password: 'smtp-password' },
  empty(readEnvironmentVariable('PUSH_ADDRESS', '')) ? {} : { Push__Key: 'push-key' }
)
