using OrderMall.PaymentProvider;

await ServiceHost.RunAsync<PaymentProviderService>(args);
