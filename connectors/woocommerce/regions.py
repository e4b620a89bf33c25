"""Regions that WooCommerce writes as codes of its own, by the names that postal rules know.

WooCommerce keeps a state as its own code. Where carriers use the same one (US, CA, AU, BR, IT, ES) it stays as it is;
in the countries below no address could be checked or printed with it. The codes follow ISO 3166-2 with a twist: JP13
and TR34 are JP-13 and TR-34, Argentina and Ireland have the plain letters, India old and new ones, China its own count.
"""

from __future__ import annotations

from collections.abc import Mapping

JAPAN = """
    Hokkaido Aomori Iwate Miyagi Akita Yamagata Fukushima Ibaraki Tochigi Gunma Saitama Chiba Tokyo
    Kanagawa Niigata Toyama Ishikawa Fukui Yamanashi Nagano Gifu Shizuoka Aichi Mie Shiga Kyoto
    Osaka Hyogo Nara Wakayama Tottori Shimane Okayama Hiroshima Yamaguchi Tokushima Kagawa Ehime
    Kochi Fukuoka Saga Nagasaki Kumamoto Oita Miyazaki Kagoshima Okinawa
"""

TURKEY = """
    Adana Adıyaman Afyon Ağrı Amasya Ankara Antalya Artvin Aydın Balıkesir Bilecik Bingöl Bitlis
    Bolu Burdur Bursa Çanakkale Çankırı Çorum Denizli Diyarbakır Edirne Elazığ Erzincan Erzurum
    Eskişehir Gaziantep Giresun Gümüşhane Hakkari Hatay Isparta Mersin İstanbul İzmir Kars Kastamonu
    Kayseri Kırklareli Kırşehir Kocaeli Konya Kütahya Malatya Manisa Kahramanmaraş Mardin Muğla Muş
    Nevşehir Niğde Ordu Rize Sakarya Samsun Siirt Sinop Sivas Tekirdağ Tokat Trabzon Tunceli
    Şanlıurfa Uşak Van Yozgat Zonguldak Aksaray Bayburt Karaman Kırıkkale Batman Şırnak Bartın
    Ardahan Iğdır Yalova Karabük Kilis Osmaniye Düzce
"""

CHINA = """
    云南省 北京市 天津市 河北省 山西省 内蒙古 辽宁省 吉林省 黑龙江省 上海市 江苏省
    浙江省 安徽省 福建省 江西省 山东省 河南省 湖北省 湖南省 广东省 广西 海南省
    重庆市 四川省 贵州省 陕西省 甘肃省 青海省 宁夏 澳门 西藏 新疆
"""

IRELAND = {
    "CW": "Carlow", "CN": "Cavan", "CE": "Clare", "CO": "Cork", "DL": "Donegal", "D": "Dublin", "G": "Galway",
    "KY": "Kerry", "KE": "Kildare", "KK": "Kilkenny", "LS": "Laois", "LM": "Leitrim", "LK": "Limerick",
    "LD": "Longford", "LH": "Louth", "MO": "Mayo", "MH": "Meath", "MN": "Monaghan", "OY": "Offaly", "RN": "Roscommon",
    "SO": "Sligo", "TA": "Tipperary", "WD": "Waterford", "WH": "Westmeath", "WX": "Wexford", "WW": "Wicklow",
}  # fmt: skip

ARGENTINA = {
    "A": "Salta", "B": "Buenos Aires", "C": "Ciudad Autónoma de Buenos Aires", "D": "San Luis", "E": "Entre Ríos",
    "F": "La Rioja", "G": "Santiago del Estero", "H": "Chaco", "J": "San Juan", "K": "Catamarca", "L": "La Pampa",
    "M": "Mendoza", "N": "Misiones", "P": "Formosa", "Q": "Neuquén", "R": "Río Negro", "S": "Santa Fe",
    "T": "Tucumán", "U": "Chubut", "V": "Tierra del Fuego", "W": "Corrientes", "X": "Córdoba", "Y": "Jujuy",
    "Z": "Santa Cruz",
}  # fmt: skip

MEXICO = {
    "AG": "Aguascalientes", "BC": "Baja California", "BS": "Baja California Sur", "CM": "Campeche", "CS": "Chiapas",
    "CH": "Chihuahua", "CO": "Coahuila de Zaragoza", "CL": "Colima", "DF": "Ciudad de México", "DG": "Durango",
    "GT": "Guanajuato", "GR": "Guerrero", "HG": "Hidalgo", "JA": "Jalisco", "MX": "Estado de México",
    "MI": "Michoacán", "MO": "Morelos", "NA": "Nayarit", "NL": "Nuevo León", "OA": "Oaxaca", "PU": "Puebla",
    "QT": "Querétaro", "QR": "Quintana Roo", "SL": "San Luis Potosí", "SI": "Sinaloa", "SO": "Sonora",
    "TB": "Tabasco", "TM": "Tamaulipas", "TL": "Tlaxcala", "VE": "Veracruz", "YU": "Yucatán", "ZA": "Zacatecas",
}  # fmt: skip

INDIA = {
    "AN": "Andaman & Nicobar", "AD": "Andhra Pradesh", "AP": "Andhra Pradesh", "AR": "Arunachal Pradesh",
    "AS": "Assam", "BR": "Bihar", "CH": "Chandigarh", "CG": "Chhattisgarh", "CT": "Chhattisgarh",
    "DH": "Dadra & Nagar Haveli & Daman & Diu", "DN": "Dadra & Nagar Haveli & Daman & Diu",
    "DD": "Dadra & Nagar Haveli & Daman & Diu", "DL": "Delhi", "GA": "Goa", "GJ": "Gujarat", "HR": "Haryana",
    "HP": "Himachal Pradesh", "JK": "Jammu & Kashmir", "JH": "Jharkhand", "KA": "Karnataka", "KL": "Kerala",
    "LA": "Ladakh", "LD": "Lakshadweep", "MP": "Madhya Pradesh", "MH": "Maharashtra", "MN": "Manipur",
    "ML": "Meghalaya", "MZ": "Mizoram", "NL": "Nagaland", "OD": "Odisha", "OR": "Odisha", "PY": "Puducherry",
    "PB": "Punjab", "RJ": "Rajasthan", "SK": "Sikkim", "TN": "Tamil Nadu", "TS": "Telangana", "TG": "Telangana",
    "TR": "Tripura", "UP": "Uttar Pradesh", "UK": "Uttarakhand", "UT": "Uttarakhand", "WB": "West Bengal",
}  # fmt: skip

NAMES: Mapping[str, Mapping[str, str]] = {
    "AR": ARGENTINA,
    "CN": {f"CN{number}": name for number, name in enumerate(CHINA.split(), 1)},
    "IE": {code: f"Co. {name}" for code, name in IRELAND.items()},
    "IN": INDIA,
    "JP": {f"JP{number:02}": name for number, name in enumerate(JAPAN.split(), 1)},
    "MX": MEXICO,
    "TR": {f"TR{number:02}": name for number, name in enumerate(TURKEY.split(), 1)},
}
"""Country → WooCommerce's code → name."""


def region(country: str, state: str) -> str:
    """The name of a region, or what stands there: free text, and codes that others use too."""
    return NAMES.get(country, {}).get(state.strip().upper(), state)
