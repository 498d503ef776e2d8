using OrderMall.Dispatch;
using OrderMall.ServiceDefaults;

await ServiceHost.RunAsync<DispatchService>(args);
