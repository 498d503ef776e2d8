using OrderMall.ServiceDefaults;
using OrderMall.MyPage;

await ServiceHost.RunAsync<MyPageService>(args);
