// A certified relying party (openid-client) against a running server: one JSON line per check.
// Arguments: issuer, JSON of what was registered. The browser's part is a cookie jar and forms.
import * as oidc from 'openid-client'
import * as jose from 'jose'

const [issuer, given] = [process.argv[2], JSON.parse(process.argv[3])]
const insecure = { execute: [oidc.allowInsecureRequests] }
let jar = new Map()

const check = async (name, run) => {
  let error = null
  try { if ((await run()) === false) error = 'false' } catch (e) { error = String(e.cause?.error ?? e.error ?? e.code ?? '') + ' ' + e.message }
  console.log(JSON.stringify({ name, ok: error === null, error }))
}
const refused = async (run, ...codes) => {
  try { await run() } catch (e) {
    const code = e.error ?? e.cause?.error ?? e.code
    if (codes.length === 0 || codes.includes(code)) return true
    throw new Error('refused with ' + code)
  }
  throw new Error('was not refused')
}

async function go(url, form) {
  const headers = { cookie: [...jar].map(([k, v]) => `${k}=${v}`).join('; '), referer: issuer + '/' }
  const init = { headers, redirect: 'manual' }
  if (form) Object.assign(init, { method: 'POST', body: new URLSearchParams(form) })
  const answer = await fetch(url, init)
  for (const line of answer.headers.getSetCookie()) {
    const [pair] = line.split(';'); const at = pair.indexOf('=')
    jar.set(pair.slice(0, at), pair.slice(at + 1))
  }
  return answer
}
const hidden = (text) => /name="csrfmiddlewaretoken" value="([^"]+)"/.exec(text)?.[1]

// Follow our own pages until the service's address comes, doing what a person would.
async function walk(url, { tick = [], verb = 'allow', password = given.password } = {}) {
  let at = new URL(url)
  for (let n = 0; n < 15; n++) {
    let answer = await go(at)
    if (answer.status === 200) {
      const text = await answer.text()
      const meta = /http-equiv="refresh" content="0;url=([^"]+)"/.exec(text)
      if (meta) { at = new URL(meta[1].replaceAll('&amp;', '&'), issuer); if (at.origin !== issuer) return at; continue }
      const form = new URLSearchParams({ csrfmiddlewaretoken: hidden(text) })
      let to = at
      if (at.pathname === '/accounts/login/') { form.set('login', given.email); form.set('password', password) }
      else if (at.pathname === '/accounts/reauthenticate/') form.set('password', password)
      else if (at.pathname === '/oauth/authorize') {
        to = new URL('/oauth/consent' + at.search, issuer); form.set('verb', verb)
        for (const kind of tick) form.append('peacetime', kind)
      } else if (at.pathname.startsWith('/oauth/logout')) to = new URL('/oauth/logout/confirm' + at.search, issuer)
      else throw new Error('a page nobody expected: ' + at)
      answer = await go(to, form)
      if (answer.status === 200) {
        const next = /http-equiv="refresh" content="0;url=([^"]+)"/.exec(await answer.text())
        if (!next) throw new Error('our form was refused at ' + to.pathname)
        return new URL(next[1].replaceAll('&amp;', '&'), issuer)
      }
    }
    if (answer.status >= 400) throw new Error(`${answer.status} at ${at}`)
    at = new URL(answer.headers.get('location'), at)
    if (at.origin !== issuer) return at
  }
  throw new Error('walked in a circle')
}

const config = await oidc.discovery(new URL(issuer), given.care.client_id, given.care.client_secret, undefined, insecure)
const other = await oidc.discovery(new URL(issuer), given.school.client_id, given.school.client_secret, oidc.ClientSecretPost(given.school.client_secret), insecure)
const app = await oidc.discovery(new URL(issuer), given.app.client_id, undefined, oidc.None(), insecure)
const meta = config.serverMetadata()

async function request(client, uri, more = {}) {
  const verifier = oidc.randomPKCECodeVerifier()
  const state = oidc.randomState(), nonce = oidc.randomNonce()
  const asked = { redirect_uri: uri, scope: 'openid profile', state, nonce, code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256', ...more }
  for (const key of Object.keys(asked)) if (asked[key] === undefined) delete asked[key]
  return { url: oidc.buildAuthorizationUrl(client, asked), checks: { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true } }
}
async function signIn(client, uri, more, how, extra = {}) {
  const { url, checks } = await request(client, uri, more)
  const back = await walk(url, how)
  return { back, checks, tokens: await oidc.authorizationCodeGrant(client, back, { ...checks, ...extra }) }
}
const errorOf = async (client, uri, more, how) => {
  const { url, checks } = await request(client, uri, more)
  const back = await walk(url, how)
  return refused(() => oidc.authorizationCodeGrant(client, back, checks), ...(how?.codes ?? []))
}
const U = given.care.uri

await check('discovery: issuer and every endpoint', () => meta.issuer === issuer && ['authorization_endpoint', 'token_endpoint', 'userinfo_endpoint', 'jwks_uri', 'introspection_endpoint', 'revocation_endpoint', 'end_session_endpoint'].every((n) => meta[n].startsWith(issuer + '/oauth/')))
await check('discovery: RFC 8414 document is the same', async () => {
  const found = await oidc.discovery(new URL(issuer), given.care.client_id, {}, undefined, { ...insecure, algorithm: 'oauth2' })
  return found.serverMetadata().token_endpoint === meta.token_endpoint
})
await check('discovery: code alone, pairwise alone, S256 alone', () => String(meta.response_types_supported) === 'code' && String(meta.subject_types_supported) === 'pairwise' && String(meta.code_challenge_methods_supported) === 'S256')
await check('discovery: iss in answers', () => meta.authorization_response_iss_parameter_supported === true)
const jwks = await (await fetch(meta.jwks_uri)).json()
await check('jwks: public RSA keys with kid, use and alg', () => jwks.keys.length > 0 && jwks.keys.every((k) => k.kty === 'RSA' && k.kid && k.use === 'sig' && k.alg === 'RS256' && !('d' in k)))

await check('prompt=none without a session: login_required', () => errorOf(config, U, { prompt: 'none' }, { codes: ['login_required'] }))
await check('refusing on the consent page: access_denied', () => errorOf(config, U, {}, { verb: 'refuse', codes: ['access_denied'] }))
await check('prompt=none without consent: consent_required', () => errorOf(config, U, { prompt: 'none' }, { codes: ['consent_required'] }))
const first = await signIn(config, U, { scope: 'openid profile offline_access' }, { tick: ['name', 'birth_date'] })
const claims = first.tokens.claims()
await check('code flow with PKCE, state, nonce, iss', () => Boolean(first.tokens.access_token && first.tokens.id_token))
await check('answer carries iss', () => first.back.searchParams.get('iss') === issuer)
await check('id token: auth_time, acr, amr, sid, at_hash', () => Boolean(claims.auth_time && claims.acr && Array.isArray(claims.amr) && claims.amr.includes('pwd') && claims.sid && claims.at_hash))
await check('id token: no personal data', () => !['name', 'birthdate', 'gender', 'address'].some((n) => n in claims))
await check('id token: signature verified by the published keys', async () => (await jose.jwtVerify(first.tokens.id_token, jose.createLocalJWKSet(jwks), { issuer, audience: given.care.client_id })).payload.sub === claims.sub)
await check('id token: at_hash is that of the access token', async () => {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(first.tokens.access_token)))
  return jose.base64url.encode(digest.slice(0, 16)) === claims.at_hash
})
await check('access token: at+jwt with iss, aud, exp, jti, client_id, sub', async () => {
  const { payload, protectedHeader } = await jose.jwtVerify(first.tokens.access_token, jose.createLocalJWKSet(jwks), { issuer, typ: 'at+jwt' })
  return protectedHeader.kid && payload.jti && payload.client_id === given.care.client_id && payload.sub === claims.sub && payload.exp - payload.iat <= 600
})
await check('access token is no id token', () => refused(() => jose.jwtVerify(first.tokens.access_token, jose.createLocalJWKSet(jwks), { typ: 'JWT' })))
const info = await oidc.fetchUserInfo(config, first.tokens.access_token, claims.sub)
await check('userinfo: what was allowed and nothing else', () => Object.keys(info).sort().join() === 'birthdate,name,sub' && info.name === given.name)
await check('userinfo: sub must be that of the id token', () => refused(() => oidc.fetchUserInfo(config, first.tokens.access_token, 'somebody-else')))
await check('userinfo: without a token 401 with WWW-Authenticate', async () => { const a = await fetch(meta.userinfo_endpoint); return a.status === 401 && a.headers.get('www-authenticate').startsWith('Bearer') })
await check('userinfo: an id token opens nothing', () => refused(() => oidc.fetchUserInfo(config, first.tokens.id_token, claims.sub)))
await check('userinfo: POST works too', async () => (await fetch(meta.userinfo_endpoint, { method: 'POST', headers: { authorization: 'Bearer ' + first.tokens.access_token } })).status === 200)
await check('introspection: active with sub, scope, exp', async () => { const a = await oidc.tokenIntrospection(config, first.tokens.access_token); return a.active && a.sub === claims.sub && a.scope.includes('profile') && a.exp > 0 })
await check('introspection: of another service\'s token inactive', async () => (await oidc.tokenIntrospection(other, first.tokens.access_token)).active === false)
await check('introspection: of nonsense inactive', async () => (await oidc.tokenIntrospection(config, 'nonsense')).active === false)
await check('known and consented: prompt=none gives a code', async () => Boolean((await signIn(config, U, { prompt: 'none' })).tokens.id_token))
await check('prompt=consent asks again', async () => { const a = await signIn(config, U, { prompt: 'consent' }, { tick: ['name'] }); return !('birthdate' in (await oidc.fetchUserInfo(config, a.tokens.access_token, a.tokens.claims().sub))) })
await check('a new kind is asked for', () => errorOf(config, U, { prompt: 'none', scope: 'openid address' }, { codes: ['consent_required'] }))
await check('claims parameter', async () => { const a = await signIn(config, U, { scope: 'openid', claims: JSON.stringify({ userinfo: { name: null } }) }); return (await oidc.fetchUserInfo(config, a.tokens.access_token, a.tokens.claims().sub)).name === given.name })
await check('max_age is kept, auth_time verified', async () => Boolean((await signIn(config, U, { max_age: '3600' }, {}, { maxAge: 3600 })).tokens.claims().auth_time))
await check('prompt=login proves it anew', async () => (await signIn(config, U, { prompt: 'login' })).tokens.claims().auth_time >= claims.auth_time)
await check('max_age=0 proves it anew', async () => Boolean((await signIn(config, U, { max_age: '0' }, {}, { maxAge: 5 })).tokens.claims().auth_time))

await check('PKCE: without challenge refused', () => errorOf(config, U, { code_challenge: undefined, code_challenge_method: undefined }, { codes: ['invalid_request'] }))
await check('PKCE: plain refused', () => errorOf(config, U, { code_challenge_method: 'plain' }, { codes: ['invalid_request'] }))
await check('PKCE: method left out refused (would be plain)', () => errorOf(config, U, { code_challenge_method: undefined }, { codes: ['invalid_request'] }))
await check('PKCE: wrong verifier refused', async () => { const { url, checks } = await request(config, U); const back = await walk(url); return refused(() => oidc.authorizationCodeGrant(config, back, { ...checks, pkceCodeVerifier: oidc.randomPKCECodeVerifier() }), 'invalid_grant') })
await check('redirect: an unregistered address gets nothing', async () => { const { url } = await request(config, 'https://evil.example/cb'); const a = await go(url); return a.status === 400 && !a.headers.get('location') })
await check('redirect: one more query parameter gets nothing', async () => { const { url } = await request(config, U + '?x=1'); const a = await go(url); return a.status === 400 && !a.headers.get('location') })
await check('response_type=token refused', () => errorOf(config, U, { response_type: 'token' }, { codes: ['unsupported_response_type', 'OAUTH_INVALID_RESPONSE'] }))
await check('unknown client gets no redirect', async () => { const { url } = await request(config, U); url.searchParams.set('client_id', 'nobody'); return (await go(url)).status === 400 })
await check('wrong secret: invalid_client', async () => { const wrong = await oidc.discovery(new URL(issuer), given.care.client_id, 'wrong', undefined, insecure); return refused(() => oidc.refreshTokenGrant(wrong, first.tokens.refresh_token), 'invalid_client', 'OAUTH_WWW_AUTHENTICATE_CHALLENGE') })

const second = await oidc.refreshTokenGrant(config, first.tokens.refresh_token)
await check('refresh rotates', () => Boolean(second.refresh_token) && second.refresh_token !== first.tokens.refresh_token)
await check('refresh: another service cannot', () => refused(() => oidc.refreshTokenGrant(other, second.refresh_token), 'invalid_grant'))
await check('refresh: a wider scope refused', () => refused(() => oidc.refreshTokenGrant(config, second.refresh_token, { scope: 'openid profile address' }), 'invalid_scope'))
await check('refresh reuse: refused', () => refused(() => oidc.refreshTokenGrant(config, first.tokens.refresh_token), 'invalid_grant'))
await check('refresh reuse: the family is dead', () => refused(() => oidc.refreshTokenGrant(config, second.refresh_token), 'invalid_grant'))
await check('refresh reuse: its access tokens are dead', () => refused(() => oidc.fetchUserInfo(config, second.access_token, claims.sub)))
const third = await signIn(config, U)
await check('code replay: refused', () => refused(() => oidc.authorizationCodeGrant(config, third.back, third.checks), 'invalid_grant'))
await check('code replay: its tokens are dead', () => refused(() => oidc.fetchUserInfo(config, third.tokens.access_token, claims.sub)))
const fourth = await signIn(config, U, { scope: 'openid profile offline_access' })
await oidc.tokenRevocation(config, fourth.tokens.refresh_token)
await check('revocation: refresh and access are dead', async () => (await oidc.tokenIntrospection(config, fourth.tokens.access_token)).active === false && refused(() => oidc.refreshTokenGrant(config, fourth.tokens.refresh_token), 'invalid_grant'))

const school = await signIn(other, given.school.uri)
await check('another sector: another sub (client_secret_post)', () => school.tokens.claims().sub !== claims.sub)
const mobile = await signIn(app, given.app.uri)
await check('public client with PKCE', () => Boolean(mobile.tokens.access_token))
await check('public client: introspection refused', () => refused(() => oidc.tokenIntrospection(app, mobile.tokens.access_token)))
await check('a stranger\'s code refused', async () => { const { url, checks } = await request(config, U); const back = await walk(url); const evil = new URL(given.school.uri); evil.search = back.search; return refused(() => oidc.authorizationCodeGrant(other, evil, checks)) })
await check('mix-up: another iss is noticed', async () => { const { url, checks } = await request(config, U); const back = await walk(url); back.searchParams.set('iss', 'https://evil.example'); return refused(() => oidc.authorizationCodeGrant(config, back, checks)) })
const machine = await oidc.discovery(new URL(issuer), given.machine.client_id, given.machine.client_secret, undefined, insecure)
await check('client credentials', async () => (await oidc.clientCredentialsGrant(machine, { scope: 'ngsi.read' })).scope === 'ngsi.read')
await check('client credentials: no scope of people', () => refused(() => oidc.clientCredentialsGrant(machine, { scope: 'openid profile' }), 'invalid_scope'))
await check('logout without proof asks the person', async () => { const a = await go(oidc.buildEndSessionUrl(config, { client_id: given.care.client_id })); return a.status === 200 && /logout\/confirm/.test(await a.text()) })
await check('logout with proof leads back with state', async () => { const back = await walk(oidc.buildEndSessionUrl(config, { post_logout_redirect_uri: given.care.bye, id_token_hint: mobile.tokens.id_token.length ? third.tokens.id_token : '', state: 'bye' })); return back.href === given.care.bye + '?state=bye' })
await check('after logout nobody is signed in', () => errorOf(config, U, { prompt: 'none' }, { codes: ['login_required'] }))
await check('after logout the session\'s tokens are dead', () => refused(() => oidc.fetchUserInfo(other, school.tokens.access_token, school.tokens.claims().sub)))
