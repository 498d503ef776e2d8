using OrderMall.Publishing;

await ServiceHost.RunAsync<PublishingService>(args);
