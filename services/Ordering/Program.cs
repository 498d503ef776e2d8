using OrderMall.Ordering;

await ServiceHost.RunAsync<OrderingService>(args);
