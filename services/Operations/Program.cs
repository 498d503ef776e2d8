using OrderMall.Operations;

await ServiceHost.RunAsync<OperationsService>(args);
