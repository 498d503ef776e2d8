using OrderMall.Catalog;
using OrderMall.ServiceDefaults;

await ServiceHost.RunAsync<CatalogService>(args);
