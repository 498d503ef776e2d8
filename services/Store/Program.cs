using OrderMall.Store;

await ServiceHost.RunAsync<StoreService>(args);
