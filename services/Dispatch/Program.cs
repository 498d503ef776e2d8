using OrderMall.Dispatch;

await ServiceHost.RunAsync<DispatchService>(args);
