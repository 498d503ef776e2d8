using OrderMall.Gateway;
using OrderMall.ServiceDefaults;

await ServiceHost.RunAsync<GatewayService>(args);
