using OrderMall.Delivery;

await ServiceHost.RunAsync<DeliveryService>(args);
