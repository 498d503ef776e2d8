using OrderMall.Payment;

await ServiceHost.RunAsync<PaymentService>(args);
