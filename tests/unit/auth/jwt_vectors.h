/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_AUTH_JWT_VECTORS_H
#define TESTS_UNIT_AUTH_JWT_VECTORS_H

/* Keys and tokens that others made. */

/* RFC 7515, A.2 */
#define RS256_KEY                                                              \
	"{\"kty\":\"RSA\",\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoT"  \
	"bji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-"         \
	"SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LO"         \
	"L-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapH"         \
	"g665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-D"         \
	"WNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"         \
	"\",\"e\":\"AQAB\"}"

/* and its token */
#define RS256_TOKEN                                                            \
	"eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTk"         \
	"zODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4h"         \
	"iUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7"         \
	"AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKB"         \
	"YNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb"         \
	"1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZES"         \
	"c6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5A"         \
	"XLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"

/* RFC 7515, A.3 */
#define ES256_KEY                                                              \
	"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"                             \
	"\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76"                                      \
	"e8Tus9uPHvRVEU\",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIW"     \
	"I5a0\"}"

/* and its token */
#define ES256_TOKEN                                                            \
	"eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTk"         \
	"zODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEh"         \
	"U3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSA"         \
	"pmWQxfKTUJqPP3-Kg6NU1Q"

/* RFC 7638, 3.1 */
#define THUMB_KEY                                                              \
	"{\"kty\":\"RSA\",\"n\":\"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFb"  \
	"WhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZC"         \
	"iFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4Qy"         \
	"Q5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6q"         \
	"MQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2"         \
	"NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"         \
	"\",\"e\":\"AQAB\",\"alg\":\"RS256\",\"kid\":\"2011-04-29\"}"

/* and its thumbprint */
#define THUMB "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"

/* RFC 8037, A.2 */
#define EDDSA_RFC_KEY                                                          \
	"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_"          \
	"7TyWQHOg7hcv"                                                         \
	"PapiMlrwIaaPcHURo\"}"

/* RFC 8037, A.3 */
#define EDDSA_THUMB "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"

/* made with another library, as all that follow */
#define ES384_KEY                                                              \
	"{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"FgzvSHP_-"                  \
	"k9CQ0DFfRH68uC02aKSv"                                                 \
	"cu3d7KZ1RdkdRZfwp5pceEgoo1oj8lswUia\",\"y\":\"VtdamsUmr3ig0gREpa"     \
	"BkbdHUEutC6FgZQ3mQHO4sZfO6Jew46pdQpQWxhGtnVqg5\"}"

/* sub is me */
#define ES384_TOKEN                                                            \
	"eyJhbGciOiJFUzM4NCIsImtpZCI6ImsifQ.eyJzdWIiOiJtZSJ9.shu7F4BC"         \
	"WNQaihtYCJt5-HAjAmvWHgWA0X5gR2WpKxDcdx3ub_80WLDcl8bQvAHMsIMr"         \
	"MG3mEohVSjr3ro5D6YPEY5B9FNZYrWzjTXmHdTcndAk3qnf6HhRAY40qgydZ"

/* Ed25519 */
#define EDDSA_KEY                                                              \
	"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":"                          \
	"\"tZqAe37Jr6vbXBe3Anl7ZuEDHK"                                         \
	"JyyBR1XB0dGrGgICA\"}"

/* sub is me */
#define EDDSA_TOKEN                                                            \
	"eyJhbGciOiJFZERTQSIsImtpZCI6ImsifQ.eyJzdWIiOiJtZSJ9.xvB_5VBZ"         \
	"qVu4QNfwjYstSBECPxAT-iBceT0raFUKuKtLYgFv6RSKdMiKMpMzo7aei1jw"         \
	"zhIAXyXYst9F48m1CQ"

/* RSA, for PSS alone */
#define PS256_KEY                                                              \
	"{\"kty\":\"RSA\",\"alg\":\"PS256\",\"e\":\"AQAB\",\"n\":"             \
	"\"zicPISG0L7hjUew8s"                                                  \
	"sVLw8n3B97zLuKNgqlcn3tJ2HJ78n2VHZGV8MNnQnbjlkdUVOqSyxno6b6fI"         \
	"Mk8AGLrFjfsgsohMzQ2u8aYRktqHGnbK1rEoB-RqAvvYHCYdH-ldOlDqpxs1"         \
	"COvAGaZ019scAcXl8D6co74j_Q-n7K32JsheLl5j6Mis-R2ZvGug9GuUacco"         \
	"fAh2nS5twRzb8EIrqON-bbol_ivVZlL0RwGtjd9E_MoCLhzo0fHHDelwuT1Q"         \
	"C7Nlomf-wUjxDE2PvhZLIplI6UsAAAtV3xTKfP1DSXHlSY9XiQDQMQ5eihcg"         \
	"zkKQQz9cCmEBncVrT-NU5Ne3Q\"}"

/* sub is me */
#define PS256_TOKEN                                                            \
	"eyJhbGciOiJQUzI1NiIsImtpZCI6ImsifQ.eyJzdWIiOiJtZSJ9.iLdTQn1L"         \
	"lgZgh3e6X4ZibLlzGt1A07ansI68P5WDThQU9hjpMU-zEwvD-nEcpHbGEesF"         \
	"dEIe_05uTu64RP7xClvrpZyAwLct59Ae745QuAM5XxXe_8e04JAwh_fxbsIh"         \
	"2EFALCeC4M7zPETO-wjpWElmIp1kmB4Ixx8-BdF5Ap6qstyTRjjbReghdTzo"         \
	"IYGcZRjwoSXCOatSkQC5YHTEvnbMTvlCGX-cJa1NruT5EuMcfKPbQWsFg7qs"         \
	"zpuzwInIQm_JxqfWaIZ970wdJndptyhzMbCOKtleQCOCa5nw4Ghsim_BqH0I"         \
	"4EOx-YyE7oXZ5eTG2EFDd2ldYccUDYnZWg"

/* the same with the longest salt, not that of RFC 7518 */
#define PS256_LONG_SALT                                                        \
	"eyJhbGciOiJQUzI1NiIsImtpZCI6ImsifQ.eyJzdWIiOiJtZSJ9.rLiKqFvk"         \
	"fL2Ev7btG3Ze6Ojl2EVxztplWDc7XCk1Jl6Nda5IunLKApvs5QfNAzaApiZZ"         \
	"72TIaIx08JicP2PhGU6Q1QbA4U7TKQUKGUskQhVda7zDzFBgc7qeylktQvCd"         \
	"Jnk-kWGyqU8SGB-XWXh92Ul-UMnsglBXQBHC_8Zj3jqywXMowTuhgmbmVddF"         \
	"FLXIiXNb5ujYquPYucdzhwDAwxk0rIAIIgDoSykXGbNTNvFXuUZnjlspAEtm"         \
	"LNdkKKKVuF0saItNsRKFZynnMJKytwPeu42e1sIauerIPFGS8wZdKOZXv5OT"         \
	"LK4VK57Bw1s-Wl9IQ4ijg024DMXgI0H_Sw"

/* by the same key, but RS256 */
#define PS256_KEY_RS256                                                        \
	"eyJhbGciOiJSUzI1NiIsImtpZCI6ImsifQ.eyJzdWIiOiJtZSJ9.vMGh5C2g"         \
	"Pu6XuEAEiu96dZwc7-l-AY7FOJc5CqAmjk1zahSK5vYbRHl5CzR0ApepSFdg"         \
	"xkqz6zFRGci72k3-CP52eEJe1Xs_9ijfsqoQx5we3HSBDWir3h1eLSy1bv7E"         \
	"EdgGzTHMCWC6iqXuWzpuSeZGOmTXJ6U44FBTRovb6EgCUYnph8Jn0DiUBwGC"         \
	"PlIQQV2ygKcyLPqzrM-DRtrbrO9AK6z5t4qOQM80eOrBNSmUp-mhO_YwqbI-"         \
	"7evMpFi_a3HGqVJ46FNizfCuOpwvxhLvK7Mzg99nxQmfct9pjn8txjcKpinU"         \
	"rOx1SSF-VIJ0ooNwkbEzF-rjO2Y7eOkfmg"

/* too small */
#define RSA_1024_KEY                                                           \
	"{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"wq174_"                       \
	"ekak6q0KCO43H4cbe7vi6VuDh"                                            \
	"OTjKdfPnWaGBZi5R542_-vJ_wMWq_dBl7Qg4pCfh1PSznzWG-af8s4qbQx_l"         \
	"KmbJOh7afuVZuoZuooVLagykaP8ohl1YwgkyJ9dgRskDfJD8Qj8WvAxxue14"         \
	"UnTXRBYEo0k_krC4bfk8\"}"

#endif
