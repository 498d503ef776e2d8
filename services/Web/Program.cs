using OrderMall.Web;

await ServiceHost.RunAsync<WebService>(args);
