using OrderMall.Catalog;

await ServiceHost.RunAsync<CatalogService>(args);
