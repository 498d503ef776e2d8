using OrderMall.Ordering;
using OrderMall.ServiceDefaults;

await ServiceHost.RunAsync<OrderingService>(args);
