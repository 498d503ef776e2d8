using OrderMall.AppHost;
using OrderMall.Contracts;

// The one list of the mall's services, and the program that opens it: dotnet run --project AppHost.
if (await Mall.PrepareAsync(args) is not { } mall)
    return 1;

mall.Add<Projects.PaymentProvider>(new(AppIds.PaymentProvider) { IsDemo = true });
mall.Add<Projects.Payment>(new(AppIds.Payment) { IsReplicated = true, Invokes = [AppIds.PaymentProvider], Settings = ["PaymentProvider"] });
mall.Add<Projects.Catalog>(new(AppIds.Catalog) { Invokes = [AppIds.Dispatch] });
mall.Add<Projects.Store>(new(AppIds.Store) { IsReplicated = true });
mall.Add<Projects.Delivery>(new(AppIds.Delivery));
mall.Add<Projects.Dispatch>(new(AppIds.Dispatch));
mall.Add<Projects.Ordering>(new(AppIds.Ordering)
{
    IsReplicated = true,
    Settings = ["Ordering"],
    Invokes = [AppIds.Catalog, AppIds.Payment, AppIds.Store, AppIds.Delivery, AppIds.Dispatch],
});
mall.Add<Projects.Publishing>(new(AppIds.Publishing) { Invokes = [AppIds.Store], Settings = ["Publishing"] });
mall.Add<Projects.Notification>(new(AppIds.Notification) { Settings = ["Smtp", "Push", "Notification"] });
mall.Add<Projects.MyPage>(new(AppIds.MyPage) { HasDatabase = false, Invokes = [AppIds.Ordering, AppIds.Publishing], Settings = ["Rebuild"] });
mall.AddPython(new(AppIds.Marketing) { HasDatabase = false, Invokes = [AppIds.Ordering, AppIds.Catalog], Joins = "recommendations" }, "../services/Marketing", "marketing.py");
mall.AddOperations<Projects.Operations>(new(AppIds.Operations) { HasDatabase = false, Settings = ["Audit"] });
mall.AddGateway<Projects.Gateway>(new(AppIds.Gateway)
{
    Settings = ["Operator", "Account", "RateLimit", "Gateway:Budgets", "Gateway:Streams", "Gateway:Proxies", "Gateway:Origins", "Gateway:MaxConnections", "Gateway:MaxConnectionsPerAddress"],
});
mall.AddWeb<Projects.Web>(new(AppIds.Web) { HasDatabase = false, Invokes = [AppIds.Gateway], Settings = ["Web", "Ordering"] });

return await mall.RunAsync();
