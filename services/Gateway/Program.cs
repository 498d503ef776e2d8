using OrderMall.Gateway;

await ServiceHost.RunAsync<GatewayService>(args);
