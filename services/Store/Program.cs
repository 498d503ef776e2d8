using OrderMall.ServiceDefaults;
using OrderMall.Store;

await ServiceHost.RunAsync<StoreService>(args);
