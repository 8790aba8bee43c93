using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace ArtifactTrust.Oci;

/// <summary>Names as file systems compare them that take characters written in several ways for the same, such as a letter with its accent.</summary>
/// <remarks>
/// Spec: Unicode 14, canonical decomposition (UAX 15). Marks that follow each other are put in the order of their code points, whatever their classes: names
/// that differ in that order only are taken for the same. <see cref="string.Normalize()"/> needs the system's tables, which are not there everywhere.
/// </remarks>
internal static class CanonicalNames
{
    // A mark, or nothing, and pairs of a character and what it makes with that mark.
    private static readonly (string Mark, string Pairs)[] Table =
    [
        ("", "\u0300\u0340\u0301\u0341\u0313\u0343ʹ\u0374;\u037e\u00b7\u0387ά\u1f71έ\u1f73ή\u1f75ί\u1f77ό\u1f79ύ\u1f7b"),
        ("", "ώ\u1f7dΆ\u1fbbι\u1fbeΈ\u1fc9Ή\u1fcbΐ\u1fd3Ί\u1fdbΰ\u1fe3Ύ\u1feb΅\u1fee`\u1fefΌ\u1ff9Ώ\u1ffb´\u1ffd\u2002\u2000"),
        ("", "\u2003\u2001Ω\u2126K\u212aÅ\u212b\u3008\u2329\u3009\u232a豈\uf900更\uf901車\uf902賈\uf903滑\uf904串\uf905"),
        ("", "句\uf906龜\uf907龜\uf908契\uf909金\uf90a喇\uf90b奈\uf90c懶\uf90d癩\uf90e羅\uf90f蘿\uf910螺\uf911裸\uf912"),
        ("", "邏\uf913樂\uf914洛\uf915烙\uf916珞\uf917落\uf918酪\uf919駱\uf91a亂\uf91b卵\uf91c欄\uf91d爛\uf91e蘭\uf91f"),
        ("", "鸞\uf920嵐\uf921濫\uf922藍\uf923襤\uf924拉\uf925臘\uf926蠟\uf927廊\uf928朗\uf929浪\uf92a狼\uf92b郎\uf92c"),
        ("", "來\uf92d冷\uf92e勞\uf92f擄\uf930櫓\uf931爐\uf932盧\uf933老\uf934蘆\uf935虜\uf936路\uf937露\uf938魯\uf939"),
        ("", "鷺\uf93a碌\uf93b祿\uf93c綠\uf93d菉\uf93e錄\uf93f鹿\uf940論\uf941壟\uf942弄\uf943籠\uf944聾\uf945牢\uf946"),
        ("", "磊\uf947賂\uf948雷\uf949壘\uf94a屢\uf94b樓\uf94c淚\uf94d漏\uf94e累\uf94f縷\uf950陋\uf951勒\uf952肋\uf953"),
        ("", "凜\uf954凌\uf955稜\uf956綾\uf957菱\uf958陵\uf959讀\uf95a拏\uf95b樂\uf95c諾\uf95d丹\uf95e寧\uf95f怒\uf960"),
        ("", "率\uf961異\uf962北\uf963磻\uf964便\uf965復\uf966不\uf967泌\uf968數\uf969索\uf96a參\uf96b塞\uf96c省\uf96d"),
        ("", "葉\uf96e說\uf96f殺\uf970辰\uf971沈\uf972拾\uf973若\uf974掠\uf975略\uf976亮\uf977兩\uf978凉\uf979梁\uf97a"),
        ("", "糧\uf97b良\uf97c諒\uf97d量\uf97e勵\uf97f呂\uf980女\uf981廬\uf982旅\uf983濾\uf984礪\uf985閭\uf986驪\uf987"),
        ("", "麗\uf988黎\uf989力\uf98a曆\uf98b歷\uf98c轢\uf98d年\uf98e憐\uf98f戀\uf990撚\uf991漣\uf992煉\uf993璉\uf994"),
        ("", "秊\uf995練\uf996聯\uf997輦\uf998蓮\uf999連\uf99a鍊\uf99b列\uf99c劣\uf99d咽\uf99e烈\uf99f裂\uf9a0說\uf9a1"),
        ("", "廉\uf9a2念\uf9a3捻\uf9a4殮\uf9a5簾\uf9a6獵\uf9a7令\uf9a8囹\uf9a9寧\uf9aa嶺\uf9ab怜\uf9ac玲\uf9ad瑩\uf9ae"),
        ("", "羚\uf9af聆\uf9b0鈴\uf9b1零\uf9b2靈\uf9b3領\uf9b4例\uf9b5禮\uf9b6醴\uf9b7隸\uf9b8惡\uf9b9了\uf9ba僚\uf9bb"),
        ("", "寮\uf9bc尿\uf9bd料\uf9be樂\uf9bf燎\uf9c0療\uf9c1蓼\uf9c2遼\uf9c3龍\uf9c4暈\uf9c5阮\uf9c6劉\uf9c7杻\uf9c8"),
        ("", "柳\uf9c9流\uf9ca溜\uf9cb琉\uf9cc留\uf9cd硫\uf9ce紐\uf9cf類\uf9d0六\uf9d1戮\uf9d2陸\uf9d3倫\uf9d4崙\uf9d5"),
        ("", "淪\uf9d6輪\uf9d7律\uf9d8慄\uf9d9栗\uf9da率\uf9db隆\uf9dc利\uf9dd吏\uf9de履\uf9df易\uf9e0李\uf9e1梨\uf9e2"),
        ("", "泥\uf9e3理\uf9e4痢\uf9e5罹\uf9e6裏\uf9e7裡\uf9e8里\uf9e9離\uf9ea匿\uf9eb溺\uf9ec吝\uf9ed燐\uf9ee璘\uf9ef"),
        ("", "藺\uf9f0隣\uf9f1鱗\uf9f2麟\uf9f3林\uf9f4淋\uf9f5臨\uf9f6立\uf9f7笠\uf9f8粒\uf9f9狀\uf9fa炙\uf9fb識\uf9fc"),
        ("", "什\uf9fd茶\uf9fe刺\uf9ff切\ufa00度\ufa01拓\ufa02糖\ufa03宅\ufa04洞\ufa05暴\ufa06輻\ufa07行\ufa08降\ufa09"),
        ("", "見\ufa0a廓\ufa0b兀\ufa0c嗀\ufa0d塚\ufa10晴\ufa12凞\ufa15猪\ufa16益\ufa17礼\ufa18神\ufa19祥\ufa1a福\ufa1b"),
        ("", "靖\ufa1c精\ufa1d羽\ufa1e蘒\ufa20諸\ufa22逸\ufa25都\ufa26飯\ufa2a飼\ufa2b館\ufa2c鶴\ufa2d郞\ufa2e隷\ufa2f"),
        ("", "侮\ufa30僧\ufa31免\ufa32勉\ufa33勤\ufa34卑\ufa35喝\ufa36嘆\ufa37器\ufa38塀\ufa39墨\ufa3a層\ufa3b屮\ufa3c"),
        ("", "悔\ufa3d慨\ufa3e憎\ufa3f懲\ufa40敏\ufa41既\ufa42暑\ufa43梅\ufa44海\ufa45渚\ufa46漢\ufa47煮\ufa48爫\ufa49"),
        ("", "琢\ufa4a碑\ufa4b社\ufa4c祉\ufa4d祈\ufa4e祐\ufa4f祖\ufa50祝\ufa51禍\ufa52禎\ufa53穀\ufa54突\ufa55節\ufa56"),
        ("", "練\ufa57縉\ufa58繁\ufa59署\ufa5a者\ufa5b臭\ufa5c艹\ufa5d艹\ufa5e著\ufa5f褐\ufa60視\ufa61謁\ufa62謹\ufa63"),
        ("", "賓\ufa64贈\ufa65辶\ufa66逸\ufa67難\ufa68響\ufa69頻\ufa6a恵\ufa6b𤋮\ufa6c舘\ufa6d並\ufa70况\ufa71全\ufa72"),
        ("", "侀\ufa73充\ufa74冀\ufa75勇\ufa76勺\ufa77喝\ufa78啕\ufa79喙\ufa7a嗢\ufa7b塚\ufa7c墳\ufa7d奄\ufa7e奔\ufa7f"),
        ("", "婢\ufa80嬨\ufa81廒\ufa82廙\ufa83彩\ufa84徭\ufa85惘\ufa86慎\ufa87愈\ufa88憎\ufa89慠\ufa8a懲\ufa8b戴\ufa8c"),
        ("", "揄\ufa8d搜\ufa8e摒\ufa8f敖\ufa90晴\ufa91朗\ufa92望\ufa93杖\ufa94歹\ufa95殺\ufa96流\ufa97滛\ufa98滋\ufa99"),
        ("", "漢\ufa9a瀞\ufa9b煮\ufa9c瞧\ufa9d爵\ufa9e犯\ufa9f猪\ufaa0瑱\ufaa1甆\ufaa2画\ufaa3瘝\ufaa4瘟\ufaa5益\ufaa6"),
        ("", "盛\ufaa7直\ufaa8睊\ufaa9着\ufaaa磌\ufaab窱\ufaac節\ufaad类\ufaae絛\ufaaf練\ufab0缾\ufab1者\ufab2荒\ufab3"),
        ("", "華\ufab4蝹\ufab5襁\ufab6覆\ufab7視\ufab8調\ufab9諸\ufaba請\ufabb謁\ufabc諾\ufabd諭\ufabe謹\ufabf變\ufac0"),
        ("", "贈\ufac1輸\ufac2遲\ufac3醙\ufac4鉶\ufac5陼\ufac6難\ufac7靖\ufac8韛\ufac9響\ufaca頋\ufacb頻\ufacc鬒\ufacd"),
        ("", "龜\uface𢡊\ufacf𢡄\ufad0𣏕\ufad1㮝\ufad2䀘\ufad3䀹\ufad4𥉉\ufad5𥳐\ufad6𧻓\ufad7齃\ufad8龎\ufad9丽\U0002f800"),
        ("", "丸\U0002f801乁\U0002f802𠄢\U0002f803你\U0002f804侮\U0002f805侻\U0002f806倂\U0002f807偺\U0002f808備\U0002f809"),
        ("", "僧\U0002f80a像\U0002f80b㒞\U0002f80c𠘺\U0002f80d免\U0002f80e兔\U0002f80f兤\U0002f810具\U0002f811𠔜\U0002f812"),
        ("", "㒹\U0002f813內\U0002f814再\U0002f815𠕋\U0002f816冗\U0002f817冤\U0002f818仌\U0002f819冬\U0002f81a况\U0002f81b"),
        ("", "𩇟\U0002f81c凵\U0002f81d刃\U0002f81e㓟\U0002f81f刻\U0002f820剆\U0002f821割\U0002f822剷\U0002f823㔕\U0002f824"),
        ("", "勇\U0002f825勉\U0002f826勤\U0002f827勺\U0002f828包\U0002f829匆\U0002f82a北\U0002f82b卉\U0002f82c卑\U0002f82d"),
        ("", "博\U0002f82e即\U0002f82f卽\U0002f830卿\U0002f831卿\U0002f832卿\U0002f833𠨬\U0002f834灰\U0002f835及\U0002f836"),
        ("", "叟\U0002f837𠭣\U0002f838叫\U0002f839叱\U0002f83a吆\U0002f83b咞\U0002f83c吸\U0002f83d呈\U0002f83e周\U0002f83f"),
        ("", "咢\U0002f840哶\U0002f841唐\U0002f842啓\U0002f843啣\U0002f844善\U0002f845善\U0002f846喙\U0002f847喫\U0002f848"),
        ("", "喳\U0002f849嗂\U0002f84a圖\U0002f84b嘆\U0002f84c圗\U0002f84d噑\U0002f84e噴\U0002f84f切\U0002f850壮\U0002f851"),
        ("", "城\U0002f852埴\U0002f853堍\U0002f854型\U0002f855堲\U0002f856報\U0002f857墬\U0002f858𡓤\U0002f859売\U0002f85a"),
        ("", "壷\U0002f85b夆\U0002f85c多\U0002f85d夢\U0002f85e奢\U0002f85f𡚨\U0002f860𡛪\U0002f861姬\U0002f862娛\U0002f863"),
        ("", "娧\U0002f864姘\U0002f865婦\U0002f866㛮\U0002f867㛼\U0002f868嬈\U0002f869嬾\U0002f86a嬾\U0002f86b𡧈\U0002f86c"),
        ("", "寃\U0002f86d寘\U0002f86e寧\U0002f86f寳\U0002f870𡬘\U0002f871寿\U0002f872将\U0002f873当\U0002f874尢\U0002f875"),
        ("", "㞁\U0002f876屠\U0002f877屮\U0002f878峀\U0002f879岍\U0002f87a𡷤\U0002f87b嵃\U0002f87c𡷦\U0002f87d嵮\U0002f87e"),
        ("", "嵫\U0002f87f嵼\U0002f880巡\U0002f881巢\U0002f882㠯\U0002f883巽\U0002f884帨\U0002f885帽\U0002f886幩\U0002f887"),
        ("", "㡢\U0002f888𢆃\U0002f889㡼\U0002f88a庰\U0002f88b庳\U0002f88c庶\U0002f88d廊\U0002f88e𪎒\U0002f88f廾\U0002f890"),
        ("", "𢌱\U0002f891𢌱\U0002f892舁\U0002f893弢\U0002f894弢\U0002f895㣇\U0002f896𣊸\U0002f897𦇚\U0002f898形\U0002f899"),
        ("", "彫\U0002f89a㣣\U0002f89b徚\U0002f89c忍\U0002f89d志\U0002f89e忹\U0002f89f悁\U0002f8a0㤺\U0002f8a1㤜\U0002f8a2"),
        ("", "悔\U0002f8a3𢛔\U0002f8a4惇\U0002f8a5慈\U0002f8a6慌\U0002f8a7慎\U0002f8a8慌\U0002f8a9慺\U0002f8aa憎\U0002f8ab"),
        ("", "憲\U0002f8ac憤\U0002f8ad憯\U0002f8ae懞\U0002f8af懲\U0002f8b0懶\U0002f8b1成\U0002f8b2戛\U0002f8b3扝\U0002f8b4"),
        ("", "抱\U0002f8b5拔\U0002f8b6捐\U0002f8b7𢬌\U0002f8b8挽\U0002f8b9拼\U0002f8ba捨\U0002f8bb掃\U0002f8bc揤\U0002f8bd"),
        ("", "𢯱\U0002f8be搢\U0002f8bf揅\U0002f8c0掩\U0002f8c1㨮\U0002f8c2摩\U0002f8c3摾\U0002f8c4撝\U0002f8c5摷\U0002f8c6"),
        ("", "㩬\U0002f8c7敏\U0002f8c8敬\U0002f8c9𣀊\U0002f8ca旣\U0002f8cb書\U0002f8cc晉\U0002f8cd㬙\U0002f8ce暑\U0002f8cf"),
        ("", "㬈\U0002f8d0㫤\U0002f8d1冒\U0002f8d2冕\U0002f8d3最\U0002f8d4暜\U0002f8d5肭\U0002f8d6䏙\U0002f8d7朗\U0002f8d8"),
        ("", "望\U0002f8d9朡\U0002f8da杞\U0002f8db杓\U0002f8dc𣏃\U0002f8dd㭉\U0002f8de柺\U0002f8df枅\U0002f8e0桒\U0002f8e1"),
        ("", "梅\U0002f8e2𣑭\U0002f8e3梎\U0002f8e4栟\U0002f8e5椔\U0002f8e6㮝\U0002f8e7楂\U0002f8e8榣\U0002f8e9槪\U0002f8ea"),
        ("", "檨\U0002f8eb𣚣\U0002f8ec櫛\U0002f8ed㰘\U0002f8ee次\U0002f8ef𣢧\U0002f8f0歔\U0002f8f1㱎\U0002f8f2歲\U0002f8f3"),
        ("", "殟\U0002f8f4殺\U0002f8f5殻\U0002f8f6𣪍\U0002f8f7𡴋\U0002f8f8𣫺\U0002f8f9汎\U0002f8fa𣲼\U0002f8fb沿\U0002f8fc"),
        ("", "泍\U0002f8fd汧\U0002f8fe洖\U0002f8ff派\U0002f900海\U0002f901流\U0002f902浩\U0002f903浸\U0002f904涅\U0002f905"),
        ("", "𣴞\U0002f906洴\U0002f907港\U0002f908湮\U0002f909㴳\U0002f90a滋\U0002f90b滇\U0002f90c𣻑\U0002f90d淹\U0002f90e"),
        ("", "潮\U0002f90f𣽞\U0002f910𣾎\U0002f911濆\U0002f912瀹\U0002f913瀞\U0002f914瀛\U0002f915㶖\U0002f916灊\U0002f917"),
        ("", "災\U0002f918灷\U0002f919炭\U0002f91a𠔥\U0002f91b煅\U0002f91c𤉣\U0002f91d熜\U0002f91e𤎫\U0002f91f爨\U0002f920"),
        ("", "爵\U0002f921牐\U0002f922𤘈\U0002f923犀\U0002f924犕\U0002f925𤜵\U0002f926𤠔\U0002f927獺\U0002f928王\U0002f929"),
        ("", "㺬\U0002f92a玥\U0002f92b㺸\U0002f92c㺸\U0002f92d瑇\U0002f92e瑜\U0002f92f瑱\U0002f930璅\U0002f931瓊\U0002f932"),
        ("", "㼛\U0002f933甤\U0002f934𤰶\U0002f935甾\U0002f936𤲒\U0002f937異\U0002f938𢆟\U0002f939瘐\U0002f93a𤾡\U0002f93b"),
        ("", "𤾸\U0002f93c𥁄\U0002f93d㿼\U0002f93e䀈\U0002f93f直\U0002f940𥃳\U0002f941𥃲\U0002f942𥄙\U0002f943𥄳\U0002f944"),
        ("", "眞\U0002f945真\U0002f946真\U0002f947睊\U0002f948䀹\U0002f949瞋\U0002f94a䁆\U0002f94b䂖\U0002f94c𥐝\U0002f94d"),
        ("", "硎\U0002f94e碌\U0002f94f磌\U0002f950䃣\U0002f951𥘦\U0002f952祖\U0002f953𥚚\U0002f954𥛅\U0002f955福\U0002f956"),
        ("", "秫\U0002f957䄯\U0002f958穀\U0002f959穊\U0002f95a穏\U0002f95b𥥼\U0002f95c𥪧\U0002f95d𥪧\U0002f95e竮\U0002f95f"),
        ("", "䈂\U0002f960𥮫\U0002f961篆\U0002f962築\U0002f963䈧\U0002f964𥲀\U0002f965糒\U0002f966䊠\U0002f967糨\U0002f968"),
        ("", "糣\U0002f969紀\U0002f96a𥾆\U0002f96b絣\U0002f96c䌁\U0002f96d緇\U0002f96e縂\U0002f96f繅\U0002f970䌴\U0002f971"),
        ("", "𦈨\U0002f972𦉇\U0002f973䍙\U0002f974𦋙\U0002f975罺\U0002f976𦌾\U0002f977羕\U0002f978翺\U0002f979者\U0002f97a"),
        ("", "𦓚\U0002f97b𦔣\U0002f97c聠\U0002f97d𦖨\U0002f97e聰\U0002f97f𣍟\U0002f980䏕\U0002f981育\U0002f982脃\U0002f983"),
        ("", "䐋\U0002f984脾\U0002f985媵\U0002f986𦞧\U0002f987𦞵\U0002f988𣎓\U0002f989𣎜\U0002f98a舁\U0002f98b舄\U0002f98c"),
        ("", "辞\U0002f98d䑫\U0002f98e芑\U0002f98f芋\U0002f990芝\U0002f991劳\U0002f992花\U0002f993芳\U0002f994芽\U0002f995"),
        ("", "苦\U0002f996𦬼\U0002f997若\U0002f998茝\U0002f999荣\U0002f99a莭\U0002f99b茣\U0002f99c莽\U0002f99d菧\U0002f99e"),
        ("", "著\U0002f99f荓\U0002f9a0菊\U0002f9a1菌\U0002f9a2菜\U0002f9a3𦰶\U0002f9a4𦵫\U0002f9a5𦳕\U0002f9a6䔫\U0002f9a7"),
        ("", "蓱\U0002f9a8蓳\U0002f9a9蔖\U0002f9aa𧏊\U0002f9ab蕤\U0002f9ac𦼬\U0002f9ad䕝\U0002f9ae䕡\U0002f9af𦾱\U0002f9b0"),
        ("", "𧃒\U0002f9b1䕫\U0002f9b2虐\U0002f9b3虜\U0002f9b4虧\U0002f9b5虩\U0002f9b6蚩\U0002f9b7蚈\U0002f9b8蜎\U0002f9b9"),
        ("", "蛢\U0002f9ba蝹\U0002f9bb蜨\U0002f9bc蝫\U0002f9bd螆\U0002f9be䗗\U0002f9bf蟡\U0002f9c0蠁\U0002f9c1䗹\U0002f9c2"),
        ("", "衠\U0002f9c3衣\U0002f9c4𧙧\U0002f9c5裗\U0002f9c6裞\U0002f9c7䘵\U0002f9c8裺\U0002f9c9㒻\U0002f9ca𧢮\U0002f9cb"),
        ("", "𧥦\U0002f9cc䚾\U0002f9cd䛇\U0002f9ce誠\U0002f9cf諭\U0002f9d0變\U0002f9d1豕\U0002f9d2𧲨\U0002f9d3貫\U0002f9d4"),
        ("", "賁\U0002f9d5贛\U0002f9d6起\U0002f9d7𧼯\U0002f9d8𠠄\U0002f9d9跋\U0002f9da趼\U0002f9db跰\U0002f9dc𠣞\U0002f9dd"),
        ("", "軔\U0002f9de輸\U0002f9df𨗒\U0002f9e0𨗭\U0002f9e1邔\U0002f9e2郱\U0002f9e3鄑\U0002f9e4𨜮\U0002f9e5鄛\U0002f9e6"),
        ("", "鈸\U0002f9e7鋗\U0002f9e8鋘\U0002f9e9鉼\U0002f9ea鏹\U0002f9eb鐕\U0002f9ec𨯺\U0002f9ed開\U0002f9ee䦕\U0002f9ef"),
        ("", "閷\U0002f9f0𨵷\U0002f9f1䧦\U0002f9f2雃\U0002f9f3嶲\U0002f9f4霣\U0002f9f5𩅅\U0002f9f6𩈚\U0002f9f7䩮\U0002f9f8"),
        ("", "䩶\U0002f9f9韠\U0002f9fa𩐊\U0002f9fb䪲\U0002f9fc𩒖\U0002f9fd頋\U0002f9fe頋\U0002f9ff頩\U0002fa00𩖶\U0002fa01"),
        ("", "飢\U0002fa02䬳\U0002fa03餩\U0002fa04馧\U0002fa05駂\U0002fa06駾\U0002fa07䯎\U0002fa08𩬰\U0002fa09鬒\U0002fa0a"),
        ("", "鱀\U0002fa0b鳽\U0002fa0c䳎\U0002fa0d䳭\U0002fa0e鵧\U0002fa0f𪃎\U0002fa10䳸\U0002fa11𪄅\U0002fa12𪈎\U0002fa13"),
        ("", "𪊑\U0002fa14麻\U0002fa15䵖\U0002fa16黹\U0002fa17黾\U0002fa18鼅\U0002fa19鼏\U0002fa1a鼖\U0002fa1b鼻\U0002fa1c"),
        ("", "𪘀\U0002fa1d"),
        ("\u0300", "AÀEÈIÌOÒUÙaàeèiìoòuùÜǛüǜNǸnǹЕЀИЍеѐиѝĒḔēḕŌṐōṑWẀwẁÂẦâầĂẰăằÊỀêềÔỒôồƠỜơờƯỪưừYỲyỳἀἂἁἃἈἊἉἋἐἒἑἓἘἚἙἛἠἢἡἣἨἪἩἫἰἲἱἳἸἺἹἻὀὂ"),
        ("\u0300", "ὁὃὈὊὉὋὐὒὑὓὙὛὠὢὡὣὨὪὩὫαὰεὲηὴιὶοὸυὺωὼΑᾺΕῈΗῊ᾿῍ϊῒΙῚ῾῝ϋῢΥῪ¨῭ΟῸΩῺ"),
        ("\u0301", "AÁEÉIÍOÓUÚYÝaáeéiíoóuúyýCĆcćLĹlĺNŃnńRŔrŕSŚsśZŹzźÜǗüǘGǴgǵÅǺåǻÆǼæǽØǾøǿ\u0308\u0344¨΅ΑΆΕΈΗΉΙΊΟΌΥΎΩΏϊΐαάεέηήιίϋΰοό"),
        ("\u0301", "υύωώϒϓГЃКЌгѓкќÇḈçḉĒḖēḗÏḮïḯKḰkḱMḾmḿÕṌõṍŌṒōṓPṔpṕŨṸũṹWẂwẃÂẤâấĂẮăắÊẾêếÔỐôốƠỚơớƯỨưứἀἄἁἅἈἌἉἍἐἔἑἕἘἜἙἝἠἤἡἥἨἬἩἭἰἴἱἵἸἼἹἽ"),
        ("\u0301", "ὀὄὁὅὈὌὉὍὐὔὑὕὙὝὠὤὡὥὨὬὩὭ᾿῎῾῞"),
        ("\u0302", "AÂEÊIÎOÔUÛaâeêiîoôuûCĈcĉGĜgĝHĤhĥJĴjĵSŜsŝWŴwŵYŶyŷZẐzẑẠẬạậẸỆẹệỌỘọộ"),
        ("\u0303", "AÃNÑOÕaãnñoõIĨiĩUŨuũVṼvṽÂẪâẫĂẴăẵEẼeẽÊỄêễÔỖôỗƠỠơỡƯỮưữYỸyỹ"),
        ("\u0304", "AĀaāEĒeēIĪiīOŌoōUŪuūÜǕüǖÄǞäǟȦǠȧǡÆǢæǣǪǬǫǭÖȪöȫÕȬõȭȮȰȯȱYȲyȳИӢиӣУӮуӯGḠgḡḶḸḷḹṚṜṛṝαᾱΑᾹιῑΙῙυῡΥῩ"),
        ("\u0306", "AĂaăEĔeĕGĞgğIĬiĭOŎoŏUŬuŭУЎИЙийуўЖӁжӂАӐаӑЕӖеӗȨḜȩḝẠẶạặαᾰΑᾸιῐΙῘυῠΥῨ"),
        ("\u0307", "CĊcċEĖeėGĠgġIİZŻzżAȦaȧOȮoȯBḂbḃDḊdḋFḞfḟHḢhḣMṀmṁNṄnṅPṖpṗRṘrṙSṠsṡŚṤśṥŠṦšṧṢṨṣṩTṪtṫWẆwẇXẊxẋYẎyẏſẛ"),
        ("\u0308", "AÄEËIÏOÖUÜaäeëiïoöuüyÿYŸΙΪΥΫιϊυϋϒϔЕЁІЇеёіїАӒаӓӘӚәӛЖӜжӝЗӞзӟИӤиӥОӦоӧӨӪөӫЭӬэӭУӰуӱЧӴчӵЫӸыӹHḦhḧÕṎõṏŪṺūṻWẄwẅXẌxẍtẗ"),
        ("\u0309", "AẢaảÂẨâẩĂẲăẳEẺeẻÊỂêểIỈiỉOỎoỏÔỔôổƠỞơởUỦuủƯỬưửYỶyỷ"),
        ("\u030a", "AÅaåUŮuůwẘyẙ"),
        ("\u030b", "OŐoőUŰuűУӲуӳ"),
        ("\u030c", "CČcčDĎdďEĚeěLĽlľNŇnňRŘrřSŠsšTŤtťZŽzžAǍaǎIǏiǐOǑoǒUǓuǔÜǙüǚGǦgǧKǨkǩƷǮʒǯjǰHȞhȟ"),
        ("\u030f", "AȀaȁEȄeȅIȈiȉOȌoȍRȐrȑUȔuȕѴѶѵѷ"),
        ("\u0311", "AȂaȃEȆeȇIȊiȋOȎoȏRȒrȓUȖuȗ"),
        ("\u0313", "αἀΑἈεἐΕἘηἠΗἨιἰΙἸοὀΟὈυὐωὠΩὨρῤ"),
        ("\u0314", "αἁΑἉεἑΕἙηἡΗἩιἱΙἹοὁΟὉυὑΥὙωὡΩὩρῥΡῬ"),
        ("\u031b", "OƠoơUƯuư"),
        ("\u0323", "BḄbḅDḌdḍHḤhḥKḲkḳLḶlḷMṂmṃNṆnṇRṚrṛSṢsṣTṬtṭVṾvṿWẈwẉZẒzẓAẠaạEẸeẹIỊiịOỌoọƠỢơợUỤuụƯỰưựYỴyỵ"),
        ("\u0324", "UṲuṳ"),
        ("\u0325", "AḀaḁ"),
        ("\u0326", "SȘsșTȚtț"),
        ("\u0327", "CÇcçGĢgģKĶkķLĻlļNŅnņRŖrŗSŞsşTŢtţEȨeȩDḐdḑHḨhḩ"),
        ("\u0328", "AĄaąEĘeęIĮiįUŲuųOǪoǫ"),
        ("\u032d", "DḒdḓEḘeḙLḼlḽNṊnṋTṰtṱUṶuṷ"),
        ("\u032e", "HḪhḫ"),
        ("\u0330", "EḚeḛIḬiḭUṴuṵ"),
        ("\u0331", "BḆbḇDḎdḏKḴkḵLḺlḻNṈnṉRṞrṟTṮtṯZẔzẕhẖ"),
        ("\u0338", "←↚→↛↔↮⇐⇍⇔⇎⇒⇏∃∄∈∉∋∌∣∤∥∦∼≁≃≄≅≇≈≉=≠≡≢≍≭<≮>≯≤≰≥≱≲≴≳≵≶≸≷≹≺⊀≻⊁⊂⊄⊃⊅⊆⊈⊇⊉⊢⊬⊨⊭⊩⊮⊫⊯≼⋠≽⋡⊑⋢⊒⋣⊲⋪⊳⋫⊴⋬⊵⋭⫝\u2adc"),
        ("\u0342", "ἀἆἁἇἈἎἉἏἠἦἡἧἨἮἩἯἰἶἱἷἸἾἹἿὐὖὑὗὙὟὠὦὡὧὨὮὩὯαᾶ¨῁ηῆ᾿῏ιῖϊῗ῾῟υῦϋῧωῶ"),
        ("\u0345", "ἀᾀἁᾁἂᾂἃᾃἄᾄἅᾅἆᾆἇᾇἈᾈἉᾉἊᾊἋᾋἌᾌἍᾍἎᾎἏᾏἠᾐἡᾑἢᾒἣᾓἤᾔἥᾕἦᾖἧᾗἨᾘἩᾙἪᾚἫᾛἬᾜἭᾝἮᾞἯᾟὠᾠὡᾡὢᾢὣᾣὤᾤὥᾥὦᾦὧᾧὨᾨὩᾩὪᾪὫᾫὬᾬὭᾭὮᾮὯᾯὰᾲαᾳάᾴᾶᾷΑᾼὴῂηῃ"),
        ("\u0345", "ήῄῆῇΗῌὼῲωῳώῴῶῷΩῼ"),
        ("\u05b4", "\u05d9\ufb1d"),
        ("\u05b7", "\u05f2\ufb1f\u05d0\ufb2e"),
        ("\u05b8", "\u05d0\ufb2f"),
        ("\u05b9", "\u05d5\ufb4b"),
        ("\u05bc", "\u05d0\ufb30\u05d1\ufb31\u05d2\ufb32\u05d3\ufb33\u05d4\ufb34\u05d5\ufb35\u05d6\ufb36\u05d8\ufb38\u05d9\ufb39"),
        ("\u05bc", "\u05da\ufb3a\u05db\ufb3b\u05dc\ufb3c\u05de\ufb3e\u05e0\ufb40\u05e1\ufb41\u05e3\ufb43\u05e4\ufb44\u05e6\ufb46"),
        ("\u05bc", "\u05e7\ufb47\u05e8\ufb48\u05e9\ufb49\u05ea\ufb4a"),
        ("\u05bf", "\u05d1\ufb4c\u05db\ufb4d\u05e4\ufb4e"),
        ("\u05c1", "\u05e9\ufb2a\ufb49\ufb2c"),
        ("\u05c2", "\u05e9\ufb2b\ufb49\ufb2d"),
        ("\u0653", "\u0627\u0622"),
        ("\u0654", "\u0627\u0623\u0648\u0624\u064a\u0626\u06d5\u06c0\u06c1\u06c2\u06d2\u06d3"),
        ("\u0655", "\u0627\u0625"),
        ("\u093c", "नऩरऱळऴक\u0958ख\u0959ग\u095aज\u095bड\u095cढ\u095dफ\u095eय\u095f"),
        ("\u09bc", "ড\u09dcঢ\u09ddয\u09df"),
        ("\u09be", "\u09c7\u09cb"),
        ("\u09d7", "\u09c7\u09cc"),
        ("\u0a3c", "ਲ\u0a33ਸ\u0a36ਖ\u0a59ਗ\u0a5aਜ\u0a5bਫ\u0a5e"),
        ("\u0b3c", "ଡ\u0b5cଢ\u0b5d"),
        ("\u0b3e", "\u0b47\u0b4b"),
        ("\u0b56", "\u0b47\u0b48"),
        ("\u0b57", "\u0b47\u0b4c"),
        ("\u0bbe", "\u0bc6\u0bca\u0bc7\u0bcb"),
        ("\u0bd7", "ஒஔ\u0bc6\u0bcc"),
        ("\u0c56", "\u0c46\u0c48"),
        ("\u0cc2", "\u0cc6\u0cca"),
        ("\u0cd5", "\u0cbf\u0cc0\u0cc6\u0cc7\u0cca\u0ccb"),
        ("\u0cd6", "\u0cc6\u0cc8"),
        ("\u0d3e", "\u0d46\u0d4a\u0d47\u0d4b"),
        ("\u0d57", "\u0d46\u0d4c"),
        ("\u0dca", "\u0dd9\u0dda\u0ddc\u0ddd"),
        ("\u0dcf", "\u0dd9\u0ddc"),
        ("\u0ddf", "\u0dd9\u0dde"),
        ("\u0f72", "\u0f71\u0f73"),
        ("\u0f74", "\u0f71\u0f75"),
        ("\u0f80", "\u0fb2\u0f76\u0fb3\u0f78\u0f71\u0f81"),
        ("\u0fb5", "ཀ\u0f69\u0f90\u0fb9"),
        ("\u0fb7", "ག\u0f43ཌ\u0f4dད\u0f52བ\u0f57ཛ\u0f5c\u0f92\u0f93\u0f9c\u0f9d\u0fa1\u0fa2\u0fa6\u0fa7\u0fab\u0fac"),
        ("\u102e", "ဥဦ"),
        ("\u1b35", "ᬅᬆᬇᬈᬉᬊᬋᬌᬍᬎᬑᬒ\u1b3a\u1b3b\u1b3c\u1b3d\u1b3e\u1b40\u1b3f\u1b41\u1b42\u1b43"),
        ("\u3099", "かがきぎくぐけげこごさざしじすずせぜそぞただちぢつづてでとどはばひびふぶへべほぼうゔゝゞカガキギクグケゲコゴ"),
        ("\u3099", "サザシジスズセゼソゾタダチヂツヅテデトドハバヒビフブヘベホボウヴワヷヰヸヱヹヲヺヽヾ"),
        ("\u309a", "はぱひぴふぷへぺほぽハパヒピフプヘペホポ"),
        ("\U000110ba", "𑂙𑂚𑂛𑂜𑂥𑂫"),
        ("\U00011127", "\U00011131\U0001112e\U00011132\U0001112f"),
        ("\U0001133e", "\U00011347\U0001134b"),
        ("\U00011357", "\U00011347\U0001134c"),
        ("\U000114b0", "\U000114b9\U000114bc"),
        ("\U000114ba", "\U000114b9\U000114bb"),
        ("\U000114bd", "\U000114b9\U000114be"),
        ("\U000115af", "\U000115b8\U000115ba\U000115b9\U000115bb"),
        ("\U00011930", "\U00011935\U00011938"),
        ("\U0001d165", "𝅗\U0001d15e𝅘\U0001d15f𝆹\U0001d1bb𝆺\U0001d1bc"),
        ("\U0001d16e", "\U0001d15f\U0001d160\U0001d1bb\U0001d1bd\U0001d1bc\U0001d1be"),
        ("\U0001d16f", "\U0001d15f\U0001d161\U0001d1bb\U0001d1bf\U0001d1bc\U0001d1c0"),
        ("\U0001d170", "\U0001d15f\U0001d162"),
        ("\U0001d171", "\U0001d15f\U0001d163"),
        ("\U0001d172", "\U0001d15f\U0001d164"),
    ];

    private static readonly FrozenDictionary<Rune, string> Decompositions = Read();

    /// <summary>A name with every character taken apart: the same for names that are canonically equivalent.</summary>
    internal static string Decompose(string name)
    {
        if (Ascii.IsValid(name))
        {
            return name;
        }
        var runes = new List<Rune>(name.Length * 2);
        foreach (var rune in name.EnumerateRunes())
        {
            Append(rune, runes);
        }
        for (var start = 0; start < runes.Count; start++)
        {
            var end = start;
            while (end < runes.Count && IsMark(runes[end]))
            {
                end++;
            }
            if (end - start > 1)
            {
                runes.Sort(start, end - start, null);
                start = end;
            }
        }
        return string.Concat(runes);
    }

    private static void Append(Rune rune, List<Rune> runes)
    {
        // Unicode 14, section 3.12: the syllables of Hangul are counted and not listed.
        const int First = 0xAC00;
        const int Count = 11172;
        const int Vowels = 21;
        const int Tails = 28;
        if (rune.Value - First is >= 0 and < Count and var syllable)
        {
            runes.Add(new Rune(0x1100 + syllable / (Vowels * Tails)));
            runes.Add(new Rune(0x1161 + syllable / Tails % Vowels));
            if (syllable % Tails > 0)
            {
                runes.Add(new Rune(0x11A7 + syllable % Tails));
            }
        }
        else if (Decompositions.TryGetValue(rune, out var parts))
        {
            foreach (var part in parts.EnumerateRunes())
            {
                Append(part, runes);
            }
        }
        else
        {
            runes.Add(rune);
        }
    }

    private static bool IsMark(Rune rune) =>
        Rune.GetUnicodeCategory(rune)
            is UnicodeCategory.NonSpacingMark
                or UnicodeCategory.SpacingCombiningMark
                or UnicodeCategory.EnclosingMark;

    private static FrozenDictionary<Rune, string> Read() =>
        Table
            .SelectMany(t => t.Pairs.EnumerateRunes().Chunk(2).Select(pair => KeyValuePair.Create(pair[1], $"{pair[0]}{t.Mark}")))
            .ToFrozenDictionary();
}
