using OrderMall.AppHost;
using OrderMall.Contracts;

var builder = DistributedApplication.CreateBuilder(args);
if (builder.ExecutionContext.IsRunMode && !await Requirements.AreMetAsync(builder.Configuration))
    return 1;

// Databases, a broker and a mail server come with the mall: containers, servers that are there already, or Azure's.
var mall = new Mall(builder);

var provider = mall.Add<Projects.PaymentProvider>(new(AppIds.PaymentProvider) { IsSingle = true });
mall.Add<Projects.Payment>(new(AppIds.Payment) { IsReplicated = true, Calls = [AppIds.PaymentProvider], Hears = [Topics.Orders] });
mall.Add<Projects.Catalog>(new(AppIds.Catalog) { Hears = [Topics.Orders, Topics.Titles] });
mall.Add<Projects.Store>(new(AppIds.Store) { IsReplicated = true, Hears = [Topics.Orders, Topics.Titles] });
mall.Add<Projects.Delivery>(new(AppIds.Delivery) { Hears = [Topics.Store, Topics.Orders] });
mall.Add<Projects.Dispatch>(new(AppIds.Dispatch) { Hears = [Topics.Store, Topics.Orders] });
mall.Add<Projects.Ordering>(new(AppIds.Ordering)
{
    IsReplicated = true,
    Calls = [AppIds.Catalog, AppIds.Payment, AppIds.Store, AppIds.Delivery, AppIds.Dispatch],
    Hears = [Topics.Payments, Topics.Store, Topics.Deliveries, Topics.Assignments],
});
mall.Add<Projects.Publishing>(new(AppIds.Publishing) { Calls = [AppIds.Store], Hears = [Topics.Reviews] });
mall.Add<Projects.Notification>(new(AppIds.Notification)
{
    SendsMail = true,
    Hears = [Topics.Orders, Topics.Store, Topics.Titles, Topics.Accounts, Topics.Offers],
});
mall.Add<Projects.MyPage>(new(AppIds.MyPage) { HasDatabase = false, HasState = true, Hears = [Topics.Orders, Topics.Titles] });
mall.AddPython(new(AppIds.Marketing) { HasDatabase = false, HasState = true, Hears = [Topics.Orders], Joins = "recommendations" }, "../services/Marketing", "marketing.py");

var gateway = mall.AddGateway<Projects.Gateway>(new(AppIds.Gateway) { IsPublic = true });

gateway.WithDemoOrder();
provider.WithModes(mall.TokenOf(AppIds.PaymentProvider));

builder.Build().Run();
return 0;
