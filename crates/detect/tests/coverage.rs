//! Every framework of Vercel's and Netlify's own tables is recognised. Left out of them:
//!
//! - Vercel's ash, eve and factory-eve: experiments of its own, without public users
//! - Vercel's container: `Dockerfile.vercel` is read by Vercel only; a Dockerfile is recognised
//! - Vercel's services: several apps in one project; here they are projects of their own
//! - Vercel's python, ruby, rust, go, node and bun: languages, each of which has a planner
//! - Netlify's assemble (last release 2020) and roots (2016): no users left
//! - Netlify's svelte: without a kit it is built by Vite or Rollup, which are recognised

use aether_detect::{DetectOptions, MemoryTree, detect};

/// Their id, the dependencies of package.json, our slug.
const NODE: [(&str, &str, &str); 76] = [
    ("vercel blitzjs, netlify blitz", "blitz", "blitzjs"),
    ("vercel nextjs, netlify next", "next", "nextjs"),
    ("vercel gatsby, netlify gatsby", "gatsby", "gatsby"),
    ("vercel remix", "@remix-run/dev", "remix"),
    ("netlify remix", "@remix-run/react", "remix"),
    (
        "vercel react-router, netlify react-router",
        "@react-router/dev",
        "react-router",
    ),
    ("vercel astro, netlify astro", "astro", "astro"),
    ("vercel hexo, netlify hexo", "hexo", "hexo"),
    ("vercel eleventy, netlify eleventy", "@11ty/eleventy", "eleventy"),
    (
        "vercel docusaurus-2, netlify docusaurus",
        "@docusaurus/core",
        "docusaurus",
    ),
    ("vercel docusaurus", "docusaurus", "docusaurus-1"),
    ("vercel preact", "preact-cli", "preact-cli"),
    (
        "vercel solidstart-1, netlify solid-start",
        "@solidjs/start",
        "solidstart",
    ),
    ("vercel solidstart", "solid-start", "solidstart"),
    ("vercel dojo", "@dojo/framework", "dojo"),
    ("vercel ember", "ember-source", "ember"),
    ("netlify ember", "ember-cli", "ember"),
    ("vercel vue, netlify vue", "@vue/cli-service", "vue-cli"),
    ("vercel scully", "@scullyio/init", "scully"),
    ("vercel ionic-angular", "@ionic/angular", "ionic-angular"),
    ("vercel angular, netlify angular", "@angular/cli", "angular"),
    ("vercel polymer", "polymer-cli", "polymer"),
    ("vercel svelte", "svelte sirv-cli", "svelte"),
    (
        "vercel sveltekit, sveltekit-1, netlify svelte-kit",
        "@sveltejs/kit",
        "sveltekit",
    ),
    ("vercel ionic-react", "@ionic/react react-scripts", "ionic-react"),
    (
        "vercel create-react-app, netlify create-react-app",
        "react-scripts",
        "create-react-app",
    ),
    ("vercel create-react-app", "react-dev-utils", "create-react-app"),
    ("vercel gridsome, netlify gridsome", "gridsome", "gridsome"),
    ("vercel umijs", "umi", "umijs"),
    ("vercel sapper, netlify sapper", "sapper", "sapper"),
    ("vercel saber", "saber", "saber"),
    ("vercel stencil, netlify stencil", "@stencil/core", "stencil"),
    ("vercel nuxtjs, netlify nuxt", "nuxt", "nuxt"),
    ("netlify nuxt", "nuxt3", "nuxt"),
    ("netlify nuxt", "nuxt-edge", "nuxt"),
    ("vercel nuxtjs", "nuxt-nightly", "nuxt"),
    (
        "vercel redwoodjs, netlify redwoodjs",
        "@redwoodjs/core",
        "redwoodjs",
    ),
    ("vercel brunch, netlify brunch", "brunch", "brunch"),
    (
        "vercel hydrogen, netlify hydrogen",
        "@shopify/hydrogen",
        "hydrogen",
    ),
    ("vercel vite, netlify vite", "vite", "vite"),
    (
        "vercel tanstack-start, tanstack-start-lovable, netlify tanstack-start",
        "@tanstack/react-start",
        "tanstack-start",
    ),
    ("vercel tanstack-start", "@tanstack/solid-start", "tanstack-start"),
    ("netlify tanstack-start", "@tanstack/start", "tanstack-start"),
    (
        "netlify tanstack-router",
        "@tanstack/react-router vite",
        "tanstack-router",
    ),
    ("vercel vitepress, netlify vitepress", "vitepress", "vitepress"),
    ("vercel vuepress, netlify vuepress", "vuepress", "vuepress"),
    ("vercel parcel, netlify parcel", "parcel", "parcel"),
    ("netlify parcel", "parcel-bundler", "parcel"),
    ("vercel sanity-v2", "@sanity/base", "sanity-2"),
    ("vercel storybook", "storybook", "storybook"),
    ("vercel nitro", "nitropack", "nitro"),
    ("vercel nitro", "nitro", "nitro"),
    ("vercel hono, netlify hono", "hono", "hono"),
    ("vercel express", "express", "express"),
    ("vercel h3", "h3", "h3"),
    ("vercel koa", "koa", "koa"),
    ("vercel nestjs", "@nestjs/core", "nestjs"),
    ("vercel elysia", "elysia", "elysia"),
    ("vercel fastify", "fastify", "fastify"),
    ("vercel xmcp", "xmcp", "xmcp"),
    ("vercel mastra, netlify mastra", "mastra", "mastra"),
    ("netlify phenomic", "@phenomic/core", "phenomic"),
    ("netlify qwik", "@builder.io/qwik-city", "qwik"),
    ("netlify react-static", "react-static", "react-static"),
    ("netlify solid-js", "solid-js vite", "solid-js"),
    ("netlify docpad", "docpad", "docpad"),
    ("netlify harp", "harp", "harp"),
    ("netlify metalsmith", "metalsmith", "metalsmith"),
    ("netlify wintersmith", "wintersmith", "wintersmith"),
    ("netlify observable", "@observablehq/framework", "observable"),
    ("netlify analog", "@analogjs/platform", "analog"),
    ("netlify vike", "vike", "vike"),
    ("netlify waku", "waku", "waku"),
    ("netlify expo", "expo", "expo"),
    ("netlify quasar", "@quasar/app-vite", "quasar"),
    ("netlify gulp, grunt, wmr", "gulp", "gulp"),
];

/// Their id, a file and its text, our slug.
const FILES: [(&str, &str, &str, &str); 15] = [
    (
        "vercel hugo, netlify hugo",
        "config.toml",
        "baseURL = 'https://example.com'",
        "hugo",
    ),
    (
        "vercel zola, netlify zola",
        "config.toml",
        "base_url = 'https://example.com'",
        "zola",
    ),
    (
        "vercel jekyll, netlify jekyll",
        "_config.yml",
        "title: x",
        "jekyll",
    ),
    (
        "vercel middleman, netlify middleman",
        "Gemfile",
        "gem 'middleman'",
        "middleman",
    ),
    ("netlify cecil", "cecil.yml", "title: x", "cecil"),
    ("vercel fastapi", "requirements.txt", "fastapi", "fastapi"),
    ("vercel flask", "requirements.txt", "Flask", "flask"),
    (
        "vercel fasthtml",
        "requirements.txt",
        "python-fasthtml",
        "fasthtml",
    ),
    ("vercel django", "requirements.txt", "Django", "django"),
    (
        "vercel axum",
        "Cargo.toml",
        "[package]\nname = 'a'\n[dependencies]\naxum = '0.8'",
        "axum",
    ),
    (
        "vercel actix-web",
        "Cargo.toml",
        "[package]\nname = 'a'\n[dependencies]\nactix-web = '4'",
        "actix-web",
    ),
    (
        "netlify grunt",
        "package.json",
        "{\"devDependencies\": {\"grunt\": \"1\"}}",
        "grunt",
    ),
    (
        "netlify wmr",
        "package.json",
        "{\"devDependencies\": {\"wmr\": \"3\"}}",
        "wmr",
    ),
    (
        "vercel react-router",
        "react-router.config.ts",
        "export default {}",
        "react-router",
    ),
    (
        "vercel brunch",
        "package.json",
        "{\"devDependencies\": {\"brunch\": \"4\"}}",
        "brunch",
    ),
];

fn frameworks(tree: &MemoryTree) -> Vec<String> {
    let detection = detect(tree, &DetectOptions::default());
    detection
        .candidates
        .into_iter()
        .filter_map(|plan| plan.framework)
        .collect()
}

#[test]
fn every_framework_of_the_peers_is_recognised_by_its_dependency() {
    for (peer, dependencies, slug) in NODE {
        let listed: Vec<String> = dependencies
            .split(' ')
            .map(|name| format!("\"{name}\": \"*\""))
            .collect();
        let package = format!("{{\"dependencies\": {{{}}}}}", listed.join(", "));
        let tree = MemoryTree::new()
            .with("package.json", &package)
            .with("server.js", "require('x').listen(process.env.PORT)");
        assert_eq!(
            frameworks(&tree).first().map(String::as_str),
            Some(slug),
            "{peer}"
        );
    }
}

#[test]
fn every_framework_of_the_peers_is_recognised_by_its_file() {
    for (peer, file, text, slug) in FILES {
        let tree = MemoryTree::new().with(file, text);
        let tree = if file == "react-router.config.ts" {
            tree.with("package.json", "{}")
        } else {
            tree
        };
        let tree = if file == "Cargo.toml" {
            tree.with("src/main.rs", "fn main() {}")
        } else {
            tree
        };
        assert!(
            frameworks(&tree).iter().any(|found| found == slug),
            "{peer}: {:?}",
            frameworks(&tree)
        );
    }
    let studio = MemoryTree::new()
        .with("package.json", "{\"dependencies\": {\"sanity\": \"4\"}}")
        .with("sanity.config.ts", "export default {}");
    assert_eq!(frameworks(&studio), ["sanity"]);
}
