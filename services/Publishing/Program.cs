using OrderMall.Publishing;
using OrderMall.ServiceDefaults;

await ServiceHost.RunAsync<PublishingService>(args);
