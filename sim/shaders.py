"""GLSL of the one drawing pass (colour, ids and range together) and of the shadow map.

Per-mesh values come from a small float texture, one row per mesh: columns 0-2 the object's pose (3x4), 3 colour and
alpha, 4 roughness, metallic, emission, texture layer, 5 object id, part id, texture repeats.
"""

_ROW = """
uniform sampler2D table;
vec4 row(int k, int column) { return texelFetch(table, ivec2(column, k), 0); }
vec3 place(int k, vec3 p) {
    vec4 h = vec4(p, 1.0);
    return vec3(dot(row(k, 0), h), dot(row(k, 1), h), dot(row(k, 2), h));
}
"""

VERTEX = (
    """#version 330
layout(location = 0) in vec3 position;
layout(location = 1) in vec3 normal;
layout(location = 2) in vec2 uv;
layout(location = 3) in float mesh;
uniform mat4 world_to_clip;
uniform mat4 world_to_shadow;
out vec3 world;
out vec3 world_normal;
out vec2 texture_uv;
out vec3 shadow;
flat out vec4 colour;
flat out vec4 surface;
flat out vec2 ids;
"""
    + _ROW
    + """
void main() {
    int k = int(mesh + 0.5);
    world = place(k, position);
    world_normal = vec3(dot(row(k, 0).xyz, normal), dot(row(k, 1).xyz, normal), dot(row(k, 2).xyz, normal));
    colour = row(k, 3);
    surface = row(k, 4);
    vec4 last = row(k, 5);
    ids = last.xy;
    texture_uv = uv * last.zw;
    shadow = (world_to_shadow * vec4(world + 0.004 * world_normal, 1.0)).xyz * 0.5 + 0.5;
    gl_Position = world_to_clip * vec4(world, 1.0);
}
"""
)

# Lambert and a normalised Blinn-Phong lobe, Schlick's Fresnel term, a surrounding that is a gradient with one bright
# window, and two compared taps of the shadow map (each already bilinear).
FRAGMENT = """#version 330
in vec3 world;
in vec3 world_normal;
in vec2 texture_uv;
in vec3 shadow;
flat in vec4 colour;
flat in vec4 surface;
flat in vec2 ids;
uniform vec3 eye;
uniform vec3 towards;
uniform vec3 key;
uniform vec3 above;
uniform vec3 below;
uniform float exposure;
uniform float shadow_texel;
uniform sampler2DArray pictures;
uniform sampler2DShadow shadow_map;
layout(location = 0) out vec4 out_colour;
layout(location = 1) out uvec2 out_ids;
layout(location = 2) out float out_range;

float lit() {
    if (any(lessThan(shadow, vec3(0.0))) || any(greaterThan(shadow, vec3(1.0)))) return 1.0;
    float a = texture(shadow_map, shadow + vec3(-0.8, -0.5, 0.0) * shadow_texel);
    float b = texture(shadow_map, shadow + vec3(0.8, 0.5, 0.0) * shadow_texel);
    return 0.5 * (a + b);
}

void main() {
    vec3 n = normalize(world_normal);
    vec3 to_eye = eye - world;
    float range = length(to_eye);
    vec3 v = to_eye / range;
    if (!gl_FrontFacing) n = -n;
    vec3 albedo = colour.rgb;
    if (surface.w >= 0.0) albedo *= texture(pictures, vec3(texture_uv, surface.w)).rgb;
    albedo *= albedo;
    float n_l = dot(n, towards);
    float shade = n_l > 0.0 ? lit() : 0.0;
    vec3 direct = key * (max(n_l, 0.0) * shade);
    vec3 opposite = normalize(vec3(-towards.x, 0.4, -towards.z));
    vec3 around = mix(below, above, 0.5 + 0.5 * n.y) * (0.82 + 0.18 * dot(n, opposite));
    float rough = surface.x;
    float metal = surface.y;
    vec3 half_way = normalize(v + towards);
    float power = 2.0 / (rough * rough * rough + 0.002);
    float lobe = (power + 2.0) * 0.02 * pow(max(dot(n, half_way), 0.0), power) * shade;
    vec3 mirror = reflect(-v, n);
    vec3 f0 = mix(vec3(0.04), albedo, metal);
    vec3 fresnel = f0 + (1.0 - f0) * pow(1.0 - max(dot(n, v), 0.0), 5.0) * (1.0 - rough) * 0.7;
    vec3 surrounding = mix(below * 0.9, above * 1.6, smoothstep(-0.4, 0.5, mirror.y));
    float pane = smoothstep(0.80, 0.86 + 0.3 * rough, dot(mirror, towards));
    surrounding += key * pane * (1.2 - rough);
    vec3 light = albedo * ((1.0 - metal) * (direct + around) + surface.z);
    light += fresnel * (surrounding * (1.0 - 0.6 * rough) + key * lobe);
    vec3 film = 1.0 - exp(-light * exposure);
    float alpha = colour.a;
    if (alpha < 1.0) alpha = clamp(alpha + dot(fresnel, vec3(0.5)) * (1.0 - alpha) + lobe, 0.0, 1.0);
    out_colour = vec4(sqrt(film), alpha);
    out_ids = uvec2(ids + 0.5);
    out_range = range;
}
"""

SHADOW_VERTEX = (
    """#version 330
layout(location = 0) in vec3 position;
layout(location = 3) in float mesh;
uniform mat4 world_to_shadow;
"""
    + _ROW
    + """
void main() { gl_Position = world_to_shadow * vec4(place(int(mesh + 0.5), position), 1.0); }
"""
)

SHADOW_FRAGMENT = """#version 330
void main() {}
"""
