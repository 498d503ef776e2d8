using OrderMall.Payment;
using OrderMall.ServiceDefaults;

await ServiceHost.RunAsync<PaymentService>(args);
