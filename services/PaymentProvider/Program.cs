using OrderMall.PaymentProvider;
using OrderMall.ServiceDefaults;

await ServiceHost.RunAsync<PaymentProviderService>(args);
