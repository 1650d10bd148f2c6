"""Tables for `idp.company`: names as they are given in many countries, sites, departments, titles.

Names are common ones, telephone numbers lie in ranges kept for fiction where a country has one,
and every domain ends in .example: nobody real is meant.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Culture:
    """How people of a country are named. Lists are separated by commas."""

    country: str
    locale: str
    women: str
    men: str
    families: str
    two_surnames: bool = False  # the father's and the mother's
    family_first: bool = False


@dataclass(frozen=True, slots=True)
class Site:
    """A place where people work."""

    name: str
    country: str
    region: str
    postal_code: str
    street: str
    timezone: str
    phone: str  # its last digits follow


@dataclass(frozen=True, slots=True)
class Department:
    """A department: its division, its cost centre, and what people in it are called."""

    name: str
    division: str
    cost_center: str
    weight: int  # how many of a hundred work here
    titles: tuple[str, ...]  # from head to the many


CULTURES = (
    Culture(
        "DE",
        "de-DE",
        "Eva-Maria,Käthe,Ulrike,Sabine,Hannelore,Anneliese,Lena,Mia,Frauke",
        "Jürgen,Götz,Björn,Stefan,Uwe,Lukas,Jörg,Matthias,Hans-Peter",
        "Müller,Schäfer,Weiß,Krämer,Groß,Vogt,Zöller,Bauer,Köhler,von der Heide,Schröder",
    ),
    Culture(
        "FR",
        "fr-FR",
        "Élodie,Zoé,Anaïs,Françoise,Maëlle,Chloé,Inès,Océane",
        "François,Loïc,Benoît,Étienne,Jérôme,Théo,Jean-Zoël,Gaël",
        "Lefèvre,Béranger,Dupont,Le Goff,Marchand,Génin,d'Aubigné,Rousseau,Çelik,Faure",
    ),
    Culture(
        "ES",
        "es-ES",
        "María,Begoña,Inés,Lucía,Concepción,Ángela,Sofía,Itziar",
        "José,Iñaki,Álvaro,Ramón,Jesús,Ángel,Martín,Íñigo",
        "García,Núñez,Muñoz,Peña,Ibáñez,Rodríguez,Ordóñez,Vázquez,López,Etxeberria",
        two_surnames=True,
    ),
    Culture(
        "MX",
        "es-MX",
        "Guadalupe,Ximena,Yolanda,Citlali,Verónica,Rocío",
        "Cuauhtémoc,Andrés,Joaquín,Raúl,Óscar,Tomás",
        "Hernández,Ávila,Cárdenas,Zúñiga,Gómez,Treviño,Juárez,Olvera",
        two_surnames=True,
    ),
    Culture(
        "PT",
        "pt-PT",
        "Conceição,Inês,Mafalda,Luísa,Graça,Benedita",
        "João,Simão,Tomé,Gonçalo,Sebastião,Duarte",
        "Gonçalves,Magalhães,Simões,Araújo,Brandão,Leitão,Queirós,Sá",
        two_surnames=True,
    ),
    Culture(
        "BR",
        "pt-BR",
        "Thaís,Luíza,Jéssica,Natália,Antônia,Beatriz",
        "Antônio,Vinícius,Caetano,Flávio,Márcio,Renato",
        "Assunção,Conceição,Falcão,da Silva,dos Santos,Bragança,Siqueira,Torquato",
        two_surnames=True,
    ),
    Culture(
        "SE",
        "sv-SE",
        "Åsa,Märta,Linnéa,Frida,Elin,Birgitta",
        "Göran,Åke,Jörgen,Nils,Oskar,Mårten",
        "Åström,Öberg,Sjögren,Ängquist,Lindström,Björk,Nyström,Håkansson",
    ),
    Culture(
        "DK",
        "da-DK",
        "Søs,Kirsten,Mette,Gøril,Bodil,Signe",
        "Søren,Jørgen,Bjørn,Åge,Rasmus,Niels",
        "Sørensen,Kjær,Møller,Nørgaard,Østergaard,Bæk,Thygesen,Friis",
    ),
    Culture(
        "IS",
        "is-IS",
        "Guðrún,Þórdís,Ásdís,Björk,Hólmfríður",
        "Guðmundur,Þorsteinn,Ólafur,Sæmundur,Bjarni",
        "Jónsdóttir,Þórðarson,Sigurðsson,Ægisdóttir,Hallgrímsson",
    ),
    Culture(
        "FI",
        "fi-FI",
        "Päivi,Pirkko,Sirkka,Aino,Kyllikki",
        "Yrjö,Väinö,Jyrki,Eero,Heikki",
        "Mäkinen,Hämäläinen,Järvi,Ylönen,Kääriäinen,Salminen",
    ),
    Culture(
        "PL",
        "pl-PL",
        "Małgorzata,Żaneta,Łucja,Agnieszka,Bożena,Zofia",
        "Łukasz,Bolesław,Paweł,Michał,Świętosław,Grzegorz",
        "Wójcik,Jabłoński,Kołodziej,Zając,Dąbrowski,Gęsicki,Ślązak,Źrebiec",
    ),
    Culture(
        "CZ",
        "cs-CZ",
        "Zdeňka,Jiřina,Alžběta,Kateřina,Božena",
        "Jiří,Ondřej,Matěj,Zdeněk,Bořivoj",
        "Dvořák,Křížek,Růžička,Šťastný,Němec,Žižka,Říha",
    ),
    Culture(
        "HU",
        "hu-HU",
        "Zsófia,Ágnes,Erzsébet,Krisztina,Tünde",
        "Győző,László,Géza,Ödön,Bálint",
        "Nagy,Szabó,Kőszegi,Tóth,Győri,Erdős,Szűcs",
        family_first=True,
    ),
    Culture(
        "RO",
        "ro-RO",
        "Ștefania,Ioana,Mădălina,Ruxandra,Ileana",
        "Ștefan,Ionuț,Răzvan,Gheorghiță,Cătălin",
        "Țurcanu,Bărbulescu,Ionescu,Șerban,Vlăduț,Păun",
    ),
    Culture(
        "HR",
        "hr-HR",
        "Željka,Đurđica,Mirjana,Vesna,Nađa",
        "Željko,Đorđe,Siniša,Krešimir,Tomislav",
        "Kovačević,Đukić,Šarić,Žanić,Perković,Čović",
    ),
    Culture(
        "TR",
        "tr-TR",
        "Ayşe,Çiğdem,Gülşen,Işıl,Özge,Şebnem",
        "Oğuz,Çağrı,İbrahim,Gökhan,Şükrü,Ömer",
        "Yıldız,Çelik,Öztürk,Şahin,Güneş,Doğan,Aydın",
    ),
    Culture(
        "GR",
        "el-GR",
        "Eleni,Chrysoúla,Aggelikí,Despina,Zoï",
        "Giorgos,Aléxandros,Theófilos,Stavros,Ilías",
        "Papadopoulos,Oikonómou,Vasileíou,Karras,Theodorákis",
    ),
    Culture(
        "IE",
        "en-IE",
        "Aoife,Siobhán,Niamh,Órla,Gráinne,Caoimhe",
        "Seán,Ciarán,Pádraig,Oisín,Tadhg,Fearghal",
        "O'Brien,Ó Súilleabháin,Mac Giolla Phádraig,Kelly,Ní Dhomhnaill,Byrne,O'Dowd",
    ),
    Culture(
        "GB",
        "en-GB",
        "Charlotte,Zoë,Beatrice,Imogen,Olivia,Harriet,Bronwen",
        "Oliver,Alistair,Hamish,Rhys,Jack,Gareth,Ewan",
        "Smith,Taylor-Jones,MacLeod,Featherstonehaugh,Brontë,Patel,Okafor,Llewellyn,Hughes",
    ),
    Culture(
        "US",
        "en-US",
        "Emma,Ava,Madison,Renée,Latisha,Grace,Hailey",
        "Noah,Liam,DeShawn,Ethan,Mason,José,Tyler",
        "Johnson,Williams,Nguyen,Martínez,O'Connor,Washington,Kowalski,Begay,Lee",
    ),
    Culture(
        "IN",
        "en-IN",
        "Priya,Lakshmi,Ananya,Sunita,Kavya,Meenakshi",
        "Arjun,Venkatesh,Rohan,Sanjay,Vikram,Harpreet",
        "Sharma,Iyer,Subramanian,Chatterjee,Kaur,Patel,Venkataraghavan,Rao",
    ),
    Culture(
        "VN",
        "vi-VN",
        "Thị Hương,Ngọc Ánh,Phương,Thùy Linh",
        "Văn Dũng,Đức,Quốc Bảo,Hữu Phước",
        "Nguyễn,Trần,Lê,Phạm,Đặng,Huỳnh",
        family_first=True,
    ),
    Culture(
        "JP",
        "ja-JP",
        "Haruka,Yūko,Sakura,Kyōko,Naomi",
        "Kenji,Shōta,Tarō,Yūsuke,Hiroshi",
        "Satō,Itō,Kondō,Ōno,Yamamoto,Shimizu",
        family_first=True,
    ),
    Culture(
        "NG",
        "en-NG",
        "Chiamaka,Yétúndé,Ngozi,Folákẹ́,Amina",
        "Olúwaṣeun,Chukwuemeka,Babátúndé,Ifeanyi,Musa",
        "Adébáyọ̀,Okonkwo,Ọláníyan,Eze,Bello",
    ),
    Culture(
        "NL",
        "nl-NL",
        "Femke,Zoë,Saskia,Loïs,Anouk",
        "Sjoerd,Daniël,Joris,Thijs,Ruud",
        "van den Berg,de Vries,Böhmer,IJsselstein,van 't Hoff,Jansen",
    ),
)

SITES = (
    Site("Hamburg", "DE", "HH", "20095", "Deichstraße", "Europe/Berlin", "+49 40 66969 "),
    Site("Lyon", "FR", "ARA", "69002", "Rue de la République", "Europe/Paris", "+33 1 99 00 "),
    Site("Málaga", "ES", "AN", "29015", "Calle Larios", "Europe/Madrid", "+34 600 000 "),
    Site("Dublin", "IE", "L", "D02 X285", "Baggot Street", "Europe/Dublin", "+353 20 910 "),
    Site("Göteborg", "SE", "O", "411 15", "Östra Hamngatan", "Europe/Stockholm", "+46 31 390 0"),
    Site("Kraków", "PL", "MA", "31-042", "Rynek Główny", "Europe/Warsaw", "+48 12 555 0"),
    Site("Portland", "US", "OR", "97204", "Fourth Avenue", "America/Los_Angeles", "+1 503 555 0"),
    Site("São Paulo", "BR", "SP", "01310-100", "Rua Augusta", "America/Sao_Paulo", "+55 11 5550-0"),
    Site("Bengaluru", "IN", "KA", "560001", "MG Road", "Asia/Kolkata", "+91 80 5550 0"),
    Site("Ōsaka", "JP", "27", "530-0001", "Umeda", "Asia/Tokyo", "+81 6 5550 0"),
)


def _dept(name: str, division: str, cost_center: str, weight: int, *titles: str) -> Department:
    return Department(name, division, cost_center, weight, titles)


DEPARTMENTS = (
    _dept("Executive Office", "Leadership", "1000", 1, "Chief of Staff", "Assistant"),
    _dept("Legal", "Leadership", "1100", 2, "General Counsel", "Counsel", "Paralegal"),
    _dept("Finance", "Finance & People", "2000", 6, "Finance Director", "Controller", "Accountant"),
    _dept("Purchasing", "Finance & People", "2100", 5, "Purchasing Director", "Buyer"),
    _dept("People & Culture", "Finance & People", "2200", 4, "People Director", "HR Partner"),
    _dept("Kitchenware", "Products", "3000", 9, "Product Director", "Designer", "Engineer"),
    _dept("Furniture", "Products", "3100", 9, "Product Director", "Designer", "Joiner"),
    _dept("Textiles", "Products", "3200", 6, "Product Director", "Designer", "Pattern Maker"),
    _dept("Quality", "Products", "3300", 4, "Quality Director", "Inspector"),
    _dept("Warehousing", "Operations", "4000", 14, "Warehouse Director", "Shift Lead", "Picker"),
    _dept("Transport", "Operations", "4100", 8, "Transport Director", "Dispatcher", "Driver"),
    _dept("IT", "Operations", "4200", 6, "IT Director", "Engineer", "Administrator"),
    _dept("Retail", "Sales", "5000", 12, "Retail Director", "Store Manager", "Sales Associate"),
    _dept("Online Shop", "Sales", "5100", 5, "E-Commerce Director", "Editor", "Analyst"),
    _dept("Marketing", "Sales", "5200", 4, "Marketing Director", "Brand Manager", "Copywriter"),
    _dept("Customer Care", "Sales", "5300", 6, "Care Director", "Team Lead", "Agent"),
)

PROJECTS = (
    "Aurora",
    "Bluebird",
    "Cinnamon",
    "Dovetail",
    "Ember",
    "Foxglove",
    "Gantry",
    "Heron",
    "Iris",
    "Juniper",
    "Kestrel",
    "Lantern",
    "Meridian",
    "Nimbus",
    "Orchard",
    "Pebble",
    "Quartz",
    "Rowan",
    "Sextant",
    "Tamarind",
    "Umbra",
    "Vesper",
    "Willow",
    "Yarrow",
    "Zephyr",
)
