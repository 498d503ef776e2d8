using OrderMall.Operations;
using OrderMall.ServiceDefaults;

await ServiceHost.RunAsync<OperationsService>(args);
